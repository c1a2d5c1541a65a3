"""The verdict is what real clients do: containerd, Docker, skopeo, podman, crane and oras were seen to do it with more
than 360 pairs of an image and a platform."""

from __future__ import annotations

import asyncio

import pytest

from tests.support import odd_images
from tests.support.recorded import Did, recorded
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.explore.choice import Choice
from tui.explore.explorer import Explorer
from tui.explore.report import Report, exit_status, report
from tui.explore.rollup import Pull
from tui.explore.structure import refusal, refusing
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource

OLD_DOCKER = "Docker without its image store"

#: Where we say otherwise on purpose, and why.
CONTAINERD_OTHERWISE = {
    "odd:windows-builds windows/amd64": "a host of Windows takes the highest version, this one ran on Linux",
    "odd:windows-builds windows(10.0.17763)/amd64": "a host of Windows takes the highest version",
    "odd:layer-encrypted linux/arm64": "it can be unpacked by those who have the key",
    "gallery/too-deep:latest linux/amd64": "we stop before the twelfth index, and say that it was not determined",
}
#: A verdict on all platforms does not look for images of a nested index that the platforms of the outer one hide.
HIDDEN = {"odd:nested-bare-before-image linux/arm64", "odd:nested-wrong-platform linux/arm64"}
SKOPEO_OTHERWISE = {
    "odd:no-config linux/arm64": "it copies a manifest without a config, which we do not read",
    "odd:layer-parameters linux/arm64": "it copies a manifest with a malformed type, which we do not read",
    "odd:index-calls-itself-manifest linux/arm64": "it goes by the header alone; we call the document ambiguous",
}


@pytest.fixture(scope="module")
def reports() -> list[tuple[Did, Report, Report]]:
    """Each line of the table, with our report of a deep check for that platform, and of one for all."""
    return asyncio.run(_reports())


@pytest.fixture(scope="module")
def everything(reports: list[tuple[Did, Report, Report]]) -> list[tuple[Did, Report]]:
    """Each line of the table, with our report for that platform."""
    return [(did, made) for did, made, _ in reports]


async def _reports() -> list[tuple[Did, Report, Report]]:
    store = build_gallery()
    odd_images.build(store)
    client = Client(ClientSettings(anonymous=True, longest_wait=1.0, deadline=30.0))
    made = []
    with Served.start(store) as served:
        for did in recorded():
            explorer = Explorer()
            node = explorer.add_selector(RegistrySource(client, served.address), did.repository, did.tag)
            await explorer.check(node, deep=True).wait()
            choice = Choice((Platform.parse(did.platform),))
            whole = report(node, explorer.observations)
            made.append((did, report(node, explorer.observations, choice=choice), whole))
            await explorer.aclose()
        await client.aclose()
    return made


def begins(digest: Digest | None) -> str:
    return digest.encoded[:12] if digest is not None else ""


def took_it(did: Did) -> dict[str, bool]:
    """Whether each client, by the names that sentences call it, took the image."""
    return {
        "containerd": bool(did.containerd),
        "skopeo": bool(did.skopeo),
        "crane": did.pulled,
        "crane pull": did.pulled,
        "crane validate": did.validated,
        "oras": did.copied_by_oras,
        "podman": bool(did.podman),
        "buildah": bool(did.podman),
        OLD_DOCKER: bool(did.docker),
    }


def test_what_containerd_takes_and_what_it_refuses(everything: list[tuple[Did, Report]]) -> None:
    wrong = []
    for did, made in everything:
        answer = made.answers[0]
        image = answer.row.image_manifest if answer.row is not None else None
        ours = begins(image.config.digest) if answer.state is Pull.YES and image is not None and image.config else ""
        # An image that stands alone is pulled whatever is asked for, and is not for that platform: both are said.
        said = made.verdict.sentence
        if "it for any platform" in said:
            assert answer.row is None and exit_status(made) == 1, did.name
            assert ("containerd" in said, "skopeo" in said) == (bool(did.containerd), bool(did.skopeo)), did.name
        elif (ours != did.containerd) is not (did.name in CONTAINERD_OTHERWISE):
            wrong.append(f"{did.name}: containerd {did.containerd or 'refuses'}, we {answer.state} {ours}")
    assert not wrong


def test_what_skopeo_copies_and_what_it_refuses(everything: list[tuple[Did, Report]]) -> None:
    wrong = []
    for did, made in everything:
        answer = made.answers[0]
        ours = begins(answer.elsewhere.digest) if answer.elsewhere is not None and answer.skopeo is Pull.YES else ""
        if (ours != did.skopeo) is not (did.name in SKOPEO_OTHERWISE):
            wrong.append(f"{did.name}: skopeo {did.skopeo or 'refuses'}, we {answer.skopeo} {ours}")
    assert not wrong


def test_whom_we_name_as_refusing_it_refuses(everything: list[tuple[Did, Report]]) -> None:
    wrong: list[str] = []
    for did, made in everything:
        row = made.answers[0].row
        if row is None or did.name in CONTAINERD_OTHERWISE:
            continue
        wrong.extend(f"{did.name}: {name} takes it" for name in refusing(row) if took_it(did).get(name))
    assert not wrong


def test_who_is_said_to_take_what_cannot_be_pulled_takes_it(everything: list[tuple[Did, Report]]) -> None:
    wrong: list[str] = []
    for did, made in everything:
        row = made.answers[0].row
        flaw = refusal(row) if row is not None else None
        if flaw is not None:
            wrong.extend(f"{did.name}: {name} refuses it" for name in flaw.taken_by if not took_it(did)[name])
    assert not wrong


def test_of_what_can_be_pulled_everybody_is_named_who_refuses_it(everything: list[tuple[Did, Report]]) -> None:
    wrong: list[str] = []
    for did, made in everything:
        answer = made.answers[0]
        if answer.row is None or answer.state is not Pull.YES or did.platform.startswith("windows"):
            continue  # Docker on Linux says of Windows that its system is not supported, whatever the image is
        named = refusing(answer.row)
        # crane and oras compare platforms letter by letter: where they find none, it is no refusal of an image.
        entry = answer.row.descriptor
        if entry is None or str(entry.platform) == did.platform:
            if not did.pulled and "crane" not in named:
                wrong.append(f"{did.name}: crane refuses it")
            follows = did.repository == "gallery/dangling-subject"  # oras copies the subject, too, which is not there
            if not did.copied_by_oras and "oras" not in named and not follows:
                wrong.append(f"{did.name}: oras refuses it")
        if not did.docker and OLD_DOCKER not in named:
            wrong.append(f"{did.name}: Docker refuses it")
        # Where podman finds no image for the platform, `sentence` of the answer says it.
        if not did.podman and answer.elsewhere is not None and "podman" not in named:
            wrong.append(f"{did.name}: podman refuses it")
    assert not wrong


def test_podman_takes_the_row_that_skopeo_takes(everything: list[tuple[Did, Report]]) -> None:
    wrong: list[str] = []
    for did, made in everything:
        other = made.answers[0].elsewhere
        image = other.image_manifest if other is not None else None
        if did.podman and did.name not in SKOPEO_OTHERWISE:
            taken = begins(image.config.digest) if image is not None and image.config is not None else ""
            if taken != did.podman:
                wrong.append(f"{did.name}: podman {did.podman}, we {taken}")
    assert not wrong


def test_an_index_that_was_not_followed_is_not_said_to_be_taken(everything: list[tuple[Did, Report]]) -> None:
    assert any("nested too deep" in made.verdict.sentence for _, made in everything)
    assert not any("take the index" in made.verdict.sentence for _, made in everything)


def test_where_we_say_that_it_can_be_pulled_containerd_pulled_it(reports: list[tuple[Did, Report, Report]]) -> None:
    wrong: list[str] = []
    for did, _, whole in reports:
        for line in whole.platforms:
            image = line.node.image_manifest
            if not line.pullable or not line.taken or did.name in {*CONTAINERD_OTHERWISE, *HIDDEN}:
                continue
            ours = begins(image.config.digest) if image is not None and image.config is not None else ""
            if line.platform == "unknown/unknown":
                wrong.append(f"{did.name}: nobody asks for unknown/unknown")
            elif line.platform == did.platform and ours != did.containerd:
                wrong.append(f"{did.name}: containerd took {did.containerd or 'nothing'}, not {line.digest}")
    assert not wrong


def test_what_clients_skip_is_said(reports: list[tuple[Did, Report, Report]]) -> None:
    said = {did.repository: whole.verdict.sentence for did, _, whole in reports}
    assert said["gallery/no-platform"].startswith("latest can be pulled on linux/amd64. Clients skip entry 2 (sha256:")
    assert said["gallery/unknown-platform"].startswith(
        "latest can be pulled on both platforms. Clients skip entry 3 (sha256:"
    )


async def test_what_lies_elsewhere_is_told_with_the_verdict() -> None:
    """It was not asked whether it is there: "can be pulled" alone would claim it."""
    client = Client(ClientSettings(anonymous=True))
    explorer = Explorer()
    with Served.start(build_gallery()) as served:
        node = explorer.add_selector(RegistrySource(client, served.address), "gallery/foreign-layer", "latest")
        await explorer.check(node).wait()
        said = report(node, explorer.observations).verdict.sentence
        await explorer.aclose()
        await client.aclose()
    assert "Layer 1 of windows/amd64 10.0.20348.2700 is stored at https://mcr.microsoft.example/" in said
