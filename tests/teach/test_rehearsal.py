"""The pull rehearsal: the real requests, in the order of a client, and where a pull stops."""

from __future__ import annotations

import pytest

from tests.teach.conftest import Stand
from tui.demo.access import Rules
from tui.oci.manifest import Index, decode
from tui.oci.platform import Platform
from tui.teach.choosing import acceptable, choose, this_machine
from tui.teach.rehearsal import Rehearsal
from tui.teach.rehearsal_steps import RehearsalStep, StepKind


async def rehearse(stand: Stand, reference: str, platform: str) -> tuple[RehearsalStep, ...]:
    node = stand.explorer.add_selector(stand.source, *reference.rsplit(":", 1))
    rehearsal = Rehearsal(stand.explorer, node, Platform.parse(platform), trace=stand.client.trace)
    while await rehearsal.next() is not None:
        pass
    steps = tuple(rehearsal.steps)
    assert rehearsal.finished
    assert await rehearsal.next() is None
    for step in steps:
        assert step.title and step.why and all(step.why)
        text = " ".join((step.title, step.request, step.answer, *step.why))
        assert "None" not in text and "{" not in text
    return steps


def kinds(steps: tuple[RehearsalStep, ...]) -> list[str]:
    return [step.kind.value for step in steps]


async def test_a_healthy_image_goes_through_every_step(stand: Stand) -> None:
    steps = await rehearse(stand, "library/hello:latest", "linux/arm64")
    assert kinds(steps) == ["tag", "index", "choose", "manifest", "config", "layer", "layer", "layer", "done"]
    choice = steps[2]
    assert choice.node is not None and str(choice.node.platform) == "linux/arm64"
    reasons = [passed.reason for passed in choice.passed_over]
    assert sum("attestation" in reason for reason in reasons) == 5
    assert sum("another architecture" in reason for reason in reasons) == 3
    assert "it would run, but another entry fits better" in reasons, "arm64 machines run arm/v7, too"
    assert "library/hello:latest" in steps[-1].answer
    for step in steps:
        assert step.node is not None and not step.stopped and step.docker is None


async def test_the_requests_are_really_made(stand: Stand) -> None:
    steps = await rehearse(stand, "library/hello:latest", "linux/amd64")
    made = {(one.method, one.path) for one in stand.served.store.requests}
    asked = [step.request for step in steps if step.request]
    assert asked[0] == "HEAD /v2/library/hello/manifests/latest"
    for request in asked:
        method, path = request.split(" ", 1)
        assert (method, path) in made, request
    own = [e for e in stand.client.trace.exchanges if e.asked_by == "pull rehearsal"]
    assert [f"{e.method} {e.path}" for e in own] == asked


async def test_a_tag_that_is_one_image_leaves_nothing_to_choose(stand: Stand) -> None:
    steps = await rehearse(stand, "sandbox:0.16-edge-amd64", "linux/riscv64")
    assert kinds(steps) == ["tag", "manifest", "config", "layer", "layer", "done"]
    assert "no index" in " ".join(steps[1].why)
    assert "exec format error" in " ".join(steps[2].why)


@pytest.mark.parametrize(
    ("reference", "platform", "where", "words"),
    [
        ("gallery/missing-layer:latest", "linux/arm64", "layer", "unknown blob"),
        ("gallery/missing-config:latest", "linux/arm64", "config", "error pulling image configuration"),
        ("gallery/missing-platform:latest", "linux/arm64", "manifest", "manifest unknown"),
        ("gallery/duplicate-platform:latest", "linux/s390x", "choose", "no matching manifest for linux/s390x"),
        ("gallery/empty-index:latest", "linux/amd64", "choose", "no matching manifest for linux/amd64"),
        ("library/hello:9.9", "linux/amd64", "tag", "manifest for"),
        ("gallery/denied:latest", "linux/arm64", "manifest", "pull access denied"),
        ("gallery/private:latest", "linux/amd64", "tag", "pull access denied"),
        ("gallery/limited:latest", "linux/amd64", "index", "toomanyrequests"),
        ("dockerfun:6b972be0", "linux/amd64", "config", "unknown blob"),
    ],
)
async def test_a_broken_image_stops_where_a_pull_would(
    stand: Stand, reference: str, platform: str, where: str, words: str
) -> None:
    steps = await rehearse(stand, reference, platform)
    last = steps[-1]
    assert last.stopped
    assert last.docker is not None
    assert words in last.docker.classic
    assert all(message for _, message in last.docker.lines())
    if where != "index":
        assert last.kind.value == where
    assert not any(step.stopped for step in steps[:-1])


#: What `docker pull --platform` of Docker 28.5.2 printed for these, without the containerd image store and with it.
PRINTED = {
    "gallery/missing-layer:latest linux/arm64": (
        "unknown blob",
        "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:cd0"
        "bc62f587d703174f6f2a159"
        "c51dcabb2578725f9d609ec0d09681c37f880a (application/vnd.oci.image.layer.v1.tar+gzip) from remote: not found",
    ),
    "gallery/missing-config:latest linux/arm64": (
        "error pulling image configuration: download failed after attempts=1: unknown blob",
        "failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:f38"
        "eff02e1a78e3614907ba5b3"
        "14d5127e76aefa5d0cb0496577e0310b818fcc (application/vnd.oci.image.config.v1+json) from remote: not found",
    ),
    "gallery/missing-platform:latest linux/arm64": (
        "manifest for HOST/gallery/missing-platform:latest not found: manifest unknown: manifest unknown",
        "no matching manifest for linux/arm64 in the manifest list entries: failed to copy: httpRea"
        "dSeeker: failed open: "
        "content at http://HOST/v2/gallery/missing-platform/manifests/sha256:be7f194f9393231b03de3f"
        "f8ac5e5b27fc7db8c1cd538"
        "a93e35882cbd4e784cf not found: not found",
    ),
    "gallery/missing-layer:latest linux/riscv64": (
        "no matching manifest for linux/riscv64 in the manifest list entries",
        "Error response from daemon: no matching manifest for linux/riscv64 in the manifest list entries: no match for "
        "platform in manifest: not found",
    ),
    "gallery/missing-layer:nope linux/amd64": (
        "Error response from daemon: manifest for HOST/gallery/missing-layer:nope not found: manife"
        "st unknown: manifest "
        "unknown",
        'Error response from daemon: failed to resolve reference "HOST/gallery/missing-layer:nope": '
        "HOST/gallery/missing-layer:nope: not found",
    ),
    "gallery/private:latest linux/amd64": (
        "Error response from daemon: pull access denied for HOST/gallery/private, repository does n"
        "ot exist or may require "
        "'docker login': denied: requested access to the resource is denied",
        "Error response from daemon: pull access denied for HOST/gallery/private, repository does n"
        "ot exist or may require "
        "'docker login'",
    ),
    "gallery/denied:latest linux/arm64": (
        "pull access denied for HOST/gallery/denied, repository does not exist or may require 'docker login': denied: "
        "requested access to the resource is denied",
        "error from registry: requested access to the resource is denied",
    ),
    # The registry's own words, which are not kept, in place of the points.
    "gallery/limited:latest linux/amd64": (
        "Error response from daemon: toomanyrequests: …",
        "Error response from daemon: error from registry: …",
    ),
}


@pytest.mark.parametrize("subject", PRINTED)
async def test_a_rehearsal_ends_with_what_docker_prints(stand: Stand, subject: str) -> None:
    reference, platform = subject.split()
    last = (await rehearse(stand, reference, platform))[-1]
    assert last.docker is not None
    host = stand.served.address
    said = (last.docker.classic.replace(host, "HOST"), last.docker.containerd.replace(host, "HOST"))
    assert said == PRINTED[subject]


async def test_the_other_platform_of_a_broken_image_is_pulled(stand: Stand) -> None:
    assert (await rehearse(stand, "gallery/missing-layer:latest", "linux/amd64"))[-1].kind is StepKind.DONE


async def test_a_wrong_size_stops_without_inventing_a_message(stand: Stand) -> None:
    last = (await rehearse(stand, "gallery/wrong-size:latest", "linux/arm64"))[-1]
    assert last.stopped and last.docker is None
    assert "descriptor says" in last.answer


async def test_a_config_for_another_platform_is_told(stand: Stand) -> None:
    steps = await rehearse(stand, "gallery/wrong-platform:latest", "linux/arm64")
    assert steps[-1].kind is StepKind.DONE
    config = next(step for step in steps if step.kind is StepKind.CONFIG)
    assert "built for linux/amd64" in " ".join(config.why)


async def test_an_index_inside_an_index_is_followed(stand: Stand) -> None:
    steps = await rehearse(stand, "gallery/nested:latest", "linux/arm64")
    assert kinds(steps).count("index") == 2
    assert steps[-1].kind is StepKind.DONE


async def test_foreign_layers_are_not_asked_of_the_registry(stand: Stand) -> None:
    steps = await rehearse(stand, "gallery/foreign-layer:latest", "windows/amd64")
    foreign = next(step for step in steps if step.kind is StepKind.LAYER)
    assert "mcr.microsoft.example" in foreign.request


async def test_a_token_is_a_step_where_the_registry_asks_for_one(stand: Stand) -> None:
    stand.served.call(lambda store: setattr(store, "rules", Rules(required=True)))
    steps = await rehearse(stand, "library/hello:latest", "linux/amd64")
    assert kinds(steps)[:2] == ["token", "tag"]
    assert "token" in steps[0].answer
    assert "/token" in steps[0].request


async def test_one_step_at_a_time(stand: Stand) -> None:
    node = await stand.open("library/hello:latest")
    rehearsal = Rehearsal(stand.explorer, node.children[0], Platform.parse("linux/amd64"))
    assert rehearsal.reference == f"{stand.served.address}/library/hello:latest"
    first = await rehearsal.next()
    assert first is not None and first.kind is StepKind.TAG
    assert rehearsal.steps == [first] and not rehearsal.finished and not rehearsal.stopped


def _index(*platforms: str) -> Index:
    import json

    entries = []
    for number, platform in enumerate(platforms):
        entry: dict[str, object] = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": f"sha256:{number:064x}",
            "size": 1,
        }
        if platform:
            entry["platform"] = Platform.parse(platform).to_document()
        entries.append(entry)
    raw = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries})
    found = decode(raw.encode())
    assert isinstance(found, Index)
    return found


@pytest.mark.parametrize(
    ("wanted", "entries", "chosen"),
    [
        ("linux/arm64", ("linux/amd64", "linux/arm64/v8"), 1),
        ("linux/arm64/v8", ("linux/amd64", "linux/arm64"), 1),
        ("linux/arm64", ("linux/arm/v6", "linux/arm/v7"), 1),
        ("linux/arm/v7", ("linux/arm/v6", "linux/arm/v5"), 0),
        ("linux/arm/v6", ("linux/arm/v7",), None),
        ("linux/arm/v6", ("linux/arm/v7", "linux/arm/v5"), 1),
        ("linux/amd64", ("linux/386",), 0),
        ("linux/amd64", ("linux/386", "linux/amd64"), 1),
        ("linux/amd64", ("linux/amd64/v3",), None),
        ("linux/amd64/v3", ("linux/amd64", "linux/amd64/v2", "linux/amd64/v4"), 1),
        ("linux/amd64", ("linux/amd64", "linux/amd64"), 0),
        ("linux/s390x", ("linux/amd64",), None),
        ("windows/amd64", ("linux/amd64", "windows/amd64"), 1),
        ("linux/amd64", ("unknown/unknown",), None),
        ("linux/amd64", ("",), 0),
        ("linux/amd64", (), None),
    ],
)
def test_choosing(wanted: str, entries: tuple[str, ...], chosen: int | None) -> None:
    index = _index(*entries)
    choice = choose(index, Platform.parse(wanted))
    assert choice.position == chosen
    assert choice.reason
    assert len(choice.passed_over) == len(entries) - (chosen is not None)
    assert all(passed.reason for passed in choice.passed_over)


def test_the_second_of_two_equal_entries_is_passed_over_with_that_reason() -> None:
    choice = choose(_index("linux/amd64", "linux/amd64"), Platform.parse("linux/amd64"))
    assert "the first one wins" in choice.passed_over[0].reason


def test_this_machine_is_a_platform_that_accepts_itself() -> None:
    assert acceptable(this_machine())[0] == this_machine()
