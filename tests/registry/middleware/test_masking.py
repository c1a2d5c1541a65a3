"""What a server echoes of a login is hidden in errors: without a network."""

from __future__ import annotations

import pytest

from tests.registry.middleware.scripted import Script, request
from tui.registry.errors import Denied, RateLimited, RegistryError, Unreachable
from tui.registry.middleware.masking import Masking
from tui.registry.request import NoResponse


def masked(text: str) -> str:
    return text.replace("hunter2", "…")


async def test_what_needs_no_masking_is_left_alone() -> None:
    error = Denied("It is not for you.", status=403)
    assert (await Masking(masked)(request(), Script(200))).ok
    with pytest.raises(Denied) as caught:
        await Masking(masked)(request(), Script(error))
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [Denied("hunter2 is wrong.", status=403, code="DENIED"), RateLimited("hunter2 is wrong.", retry_after=3.0)],
)
async def test_a_login_in_an_error_is_hidden_and_all_else_stays(error: RegistryError) -> None:
    with pytest.raises(type(error)) as caught:
        await Masking(masked)(request(), Script(error))
    assert (str(caught.value), caught.value.sentence) == ("… is wrong.", "… is wrong.")
    assert {**vars(caught.value), "sentence": ""} == {**vars(error), "sentence": ""}
    assert error.sentence == "hunter2 is wrong.", "the error itself is frozen"


async def test_a_login_in_the_error_of_no_response_is_hidden() -> None:
    lost = NoResponse(Unreachable("hunter2 is away."), sent=True, again=True, stale=True)
    with pytest.raises(NoResponse) as caught:
        await Masking(masked)(request(), Script(lost))
    assert (str(caught.value), caught.value.error.sentence) == ("… is away.", "… is away.")
    assert isinstance(caught.value.error, Unreachable)
    assert (caught.value.sent, caught.value.again, caught.value.stale) == (True, True, True)
