"""A write to what was opened read-only is refused before anything else: without a network."""

from __future__ import annotations

import pytest

from tests.registry.middleware.scripted import Script, request
from tui.registry.endpoints import Endpoints
from tui.registry.errors import Policy
from tui.registry.middleware.read_only import ReadOnly
from tui.registry.settings import ClientSettings, HostSettings


@pytest.mark.parametrize(
    "settings",
    [ClientSettings(read_only=True), ClientSettings(hosts={"registry.example.com": HostSettings(read_only=True)})],
)
async def test_nothing_is_asked_of_a_host_that_is_read_only(settings: ClientSettings) -> None:
    script = Script(201)
    with pytest.raises(Policy, match=r"Not written to registry\.example\.com"):
        await ReadOnly(settings, Endpoints(settings))(request("PUT"), script)
    assert not script.asked


async def test_elsewhere_a_write_goes_on() -> None:
    settings = ClientSettings(hosts={"other.example.com": HostSettings(read_only=True)})
    assert (await ReadOnly(settings, Endpoints(settings))(request("PUT"), Script(201))).status == 201
