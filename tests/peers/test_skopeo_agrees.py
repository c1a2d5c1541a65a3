"""What fanfold says that skopeo can copy, it can copy, and nothing else: every tag of the gallery, two platforms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.peers import run
from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.serve import Served
from tui.explore.choice import Choice
from tui.explore.explorer import Explorer
from tui.explore.report import report
from tui.explore.rollup import Pull
from tui.oci.platform import Platform
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource

pytestmark = [pytest.mark.slow, pytest.mark.peer]

#: Not asked: those that hold up or refuse by rate, and the long lists.
_LEFT_OUT = {"gallery/limited", "gallery/counted", "gallery/slow", "gallery/many-tags", "gallery/many-platforms"}
REFERENCES = [
    (sample.repository, tag) for sample in GALLERY if sample.repository not in _LEFT_OUT for tag in sample.tags
]
PLATFORMS = ("linux/amd64", "linux/arm64")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served


@pytest.mark.parametrize(("repository", "tag"), REFERENCES, ids=[f"{name}:{tag}" for name, tag in REFERENCES])
async def test_skopeo_copies_what_we_say(repository: str, tag: str, served: Served, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    client = Client(ClientSettings(anonymous=True, longest_wait=1.0, deadline=30.0))
    explorer = Explorer()
    node = explorer.add_selector(RegistrySource(client, served.address), repository, tag)
    await explorer.check(node).wait()
    choice = Choice(tuple(map(Platform.parse, PLATFORMS)))
    said = {
        str(answer.platform): answer.skopeo for answer in report(node, explorer.observations, choice=choice).answers
    }
    await explorer.aclose()
    await client.aclose()
    for platform in PLATFORMS:
        os, architecture = platform.split("/")
        source, target = f"docker://{served.address}/{repository}:{tag}", f"dir:{tmp_path / architecture}"
        flags = ("--policy", str(policy), "--override-os", os, "--override-arch", architecture)
        done = run("skopeo", *flags, "copy", "--src-tls-verify=false", source, target)
        assert (done.returncode == 0) is (said[platform] is Pull.YES), f"{platform}: {said[platform]}: {done.stderr}"
