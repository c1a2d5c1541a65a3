"""A lesson under way: steps tick when the thing is really done, and the registry is asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.teach.conftest import Stand
from tui.explore.node import Kind, Node
from tui.sources.presence import Presence
from tui.sources.storage import StorageSource
from tui.teach.address import Address, BackendError
from tui.teach.backend import LessonBackend
from tui.teach.events import Event, EventKind, Fact, node_event, node_facts
from tui.teach.lesson import Matcher
from tui.teach.lesson_file import parse
from tui.teach.lesson_run import LessonRun, fits


def run_of(backend: LessonBackend, steps: str) -> LessonRun:
    head = 'id = "a"\ntitle = "A"\nsummary = "S"\n'
    return LessonRun(parse(head + steps, "a.toml"), backend)


STEP = '[[step]]\ntext = "Do it."\n[step.done]\n'


def opened(**facts: Fact) -> Event:
    return Event(EventKind.OPENED, facts)


async def test_steps_tick_in_order_and_only_by_their_event(backend: LessonBackend) -> None:
    run = run_of(backend, f'{STEP}event = "opened"\ntag = "1"\n{STEP}event = "tab"\ntab = "explain"\n')
    assert await run.begin() == ()
    assert not await run.feed(opened(tag="2"))
    assert not await run.feed(Event(EventKind.SELECTED, {"tag": "1"}))
    assert (run.current, run.step) == (0, run.lesson.steps[0])
    assert await run.feed(opened(tag="1"))
    assert (run.current, run.finished) == (1, False)
    assert await run.feed(Event(EventKind.TAB, {"tab": "explain"}))
    assert await run.act() is None
    assert (run.finished, run.step, run.show()) == (True, None, ())
    assert not await run.feed(opened(tag="1"))


async def test_what_was_done_before_its_step_counts(backend: LessonBackend) -> None:
    run = run_of(backend, f'{STEP}event = "opened"\ntag = "1"\n{STEP}event = "opened"\ntag = "2"\n')
    await run.begin()
    await run.feed(opened(tag="2"))
    assert await run.feed(opened(tag="1"))
    assert run.finished


async def test_a_fresh_step_wants_it_done_again(backend: LessonBackend) -> None:
    run = run_of(backend, f'{STEP}event = "opened"\n{STEP}event = "opened"\nfresh = true\n')
    await run.begin()
    await run.feed(opened())
    assert run.current == 1
    await run.feed(opened())
    assert run.finished


async def test_reading_is_always_about_the_step_on_screen(backend: LessonBackend) -> None:
    run = run_of(backend, f'{STEP}event = "read"\n{STEP}event = "read"\n')
    await run.begin()
    await run.feed(Event(EventKind.READ))
    assert run.current == 1


async def test_all_and_any(backend: LessonBackend) -> None:
    both = '[{ event = "opened" }, { event = "tab", tab = "json" }]'
    run = run_of(backend, f"{STEP}all = {both}\n{STEP}any = {both}\nfresh = true\n")
    await run.begin()
    await run.feed(opened())
    assert run.current == 0
    await run.feed(Event(EventKind.TAB, {"tab": "json"}))
    assert run.current == 1
    await run.feed(opened())
    assert run.finished


@pytest.mark.parametrize(
    ("matcher", "right", "wrong"),
    [
        (Matcher(equal="a"), "a", "b"),
        (Matcher(equal=True), True, 1),
        (Matcher(equal=0), 0, False),
        (Matcher(one_of=("a", "b")), "b", "c"),
        (Matcher(like="linux/arm64*"), "linux/arm64/v8", "linux/amd64"),
        (Matcher(at_least=1), 2, 0),
        (Matcher(at_most=1), 1, 2),
        (Matcher(other_than="a"), "b", "a"),
    ],
)
def test_matchers(matcher: Matcher, right: Fact, wrong: Fact) -> None:
    assert fits(matcher, right)
    assert not fits(matcher, wrong)


async def test_a_copied_digest_is_compared_with_the_registry(stand: Stand, backend: LessonBackend) -> None:
    step = f'{STEP}event = "copied"\ntext = {{ digest_of = "library/hello:latest linux/arm64 config" }}\n'
    run = run_of(backend, step)
    await run.begin()
    tag = await stand.open_all("library/hello:latest")
    arm64 = next(node for node in tag.children if str(node.platform) == "linux/arm64")
    config = next(node for node in arm64.children if node.kind is Kind.CONFIG)
    assert not await run.feed(Event(EventKind.COPIED, {"text": str(tag.digest)}))
    assert not await run.feed(Event(EventKind.COPIED, {"text": str(config.digest)[:20]}))
    assert await run.feed(Event(EventKind.COPIED, {"text": f"name@{config.digest}"}))


async def test_a_push_counts_only_when_the_registry_agrees(stand: Stand, backend: LessonBackend) -> None:
    step = (
        f'{STEP}event = "pushed"\noutcome = "pushed"\n'
        'holds = [{ reference = "sandbox:0.16-edge", is = "moved" }, '
        '{ reference = "sandbox:0.16-edge", is = "complete" }]\n'
    )
    run = run_of(backend, step)
    await run.begin()
    claim = Event(EventKind.PUSHED, {"outcome": "pushed"})
    assert not await run.feed(claim)
    assert run.note == "sandbox:0.16-edge points to the same digest as before."
    image = await stand.source.manifest("sandbox", "0.16-edge-amd64")
    await stand.client.put_manifest(stand.served.address, "sandbox", "0.16-edge", image.raw, image.media_type)
    assert await run.feed(claim)
    assert run.finished and run.note == ""


async def test_an_incomplete_push_says_why_the_step_is_not_done(backend: LessonBackend) -> None:
    run = run_of(backend, f'{STEP}event = "pushed"\nholds = [{{ reference = "sandbox:0.16-edge", is = "complete" }}]\n')
    await run.begin()
    assert not await run.feed(Event(EventKind.PUSHED))
    assert run.note == "sandbox:0.16-edge is not complete."


@pytest.mark.parametrize(("state", "reference"), [("absent", "sandbox:9"), ("image", "sandbox:0.16-edge-amd64")])
async def test_states(backend: LessonBackend, state: str, reference: str) -> None:
    run = run_of(backend, f'{STEP}event = "read"\nholds = [{{ reference = "{reference}", is = "{state}" }}]\n')
    await run.begin()
    assert await run.feed(Event(EventKind.READ))
    run = run_of(backend, f'{STEP}event = "read"\nholds = [{{ reference = "sandbox:0.16-edge", is = "{state}" }}]\n')
    await run.begin()
    assert not await run.feed(Event(EventKind.READ))
    assert "is not" in run.note


async def test_docker_push_gives_the_registrys_real_error(stand: Stand, backend: LessonBackend) -> None:
    act = 'act = { do = "docker-push", list = "sandbox:0.16-edge", label = "push" }\n'
    run = run_of(backend, f'[[step]]\ntext = "Push."\n{act}[step.done]\nevent = "acted"\noutcome = "refused"\n')
    await run.begin()
    before = await stand.source.resolve("sandbox", "0.16-edge")
    result = await run.act()
    assert result is not None
    assert (result.status, result.code) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert result.message == "manifest blob unknown: blob unknown to registry"
    text = "\n".join(result.lines)
    assert f"docker manifest push {stand.served.address}/sandbox:0.16-edge" in text
    assert "PUT /v2/sandbox/manifests/0.16-edge" in text
    assert text.count("the answer names sha256:") == 2
    assert run.finished
    assert (await stand.source.resolve("sandbox", "0.16-edge")).digest == before.digest


async def test_start_over_puts_the_registry_back(stand: Stand, backend: LessonBackend) -> None:
    run = run_of(backend, f'{STEP}event = "opened"\n')
    await run.begin()
    await backend.act("clean-up", {"repository": "library/hello", "untagged": True})
    await run.feed(opened())
    assert run.finished
    broken = await stand.open_all("library/hello:latest")
    assert any(stand.explorer.observation(node).presence is Presence.MISSING for node in broken.walk())
    assert await run.begin() == ()
    assert run.current == 0
    await stand.explorer.refresh(broken)
    await stand.explorer.check(broken).wait()
    seen = {stand.explorer.observation(node).presence for node in broken.walk() if node.digest is not None}
    assert Presence.MISSING not in seen


@pytest.mark.parametrize(
    ("do", "arguments", "presence"),
    [
        ("delete", {"of": "library/hello:latest linux/arm64 layer 2"}, Presence.MISSING),
        ("delete", {"of": "library/hello:latest linux/arm64"}, Presence.MISSING),
        ("clean-up", {"repository": "library/hello", "untagged": True}, Presence.MISSING),
        ("limit", {"repository": "library/hello", "left": 1, "seconds": 600}, Presence.LIMITED),
    ],
)
async def test_acts_change_what_a_check_sees(
    stand: Stand, backend: LessonBackend, do: str, arguments: Mapping[str, Fact], presence: Presence
) -> None:
    result = await backend.act(do, arguments)
    assert result.outcome == "done" and result.lines
    node = await stand.open_all("library/hello:latest")
    assert presence in {stand.explorer.observation(row).presence for row in node.walk()}


async def test_denied_and_cut_off_and_back(stand: Stand, backend: LessonBackend) -> None:
    await backend.act("deny", {"repository": "dockerfun/amd64"})
    node = await stand.open("dockerfun/amd64:6b972be0")
    assert getattr(node.error, "presence", None) is Presence.DENIED
    await backend.act("deny", {"repository": "dockerfun/amd64", "on": False})
    await stand.explorer.open(node, fresh=True)
    assert node.error is None
    await backend.act("slow-down", {"repository": "dockerfun/amd64", "seconds": 0})
    assert "lifted" in (await backend.act("limit", {"repository": "dockerfun/amd64", "left": -1})).lines[0]
    assert "break" in (await backend.act("cut-off", {"repository": "dockerfun/amd64"})).lines[0]
    assert "answers again" in (await backend.act("cut-off", {"repository": "dockerfun/amd64", "on": False})).lines[0]


async def test_the_storage_folder_is_written_and_can_be_opened(backend: LessonBackend) -> None:
    result = await backend.act("write-storage", {"repositories": "dockerfun dockerfun/amd64"})
    source = StorageSource(result.opens.removeprefix("storage:"))
    names = [name async for page in source.repositories() for name in page.names]
    assert names == ["dockerfun", "dockerfun/amd64"]
    again = await backend.act("write-storage", {"repositories": "dockerfun"})
    assert again.opens != result.opens, "what is open is not written over"


@pytest.mark.parametrize(
    ("do", "arguments"),
    [
        ("delete", {"of": "library/hello"}),
        ("delete", {"of": "library/hello:latest linux/arm64 layer 99"}),
        ("delete", {"of": "library/hello:latest linux/nothing"}),
        ("delete", {"of": "library/hello:latest linux/arm64 wheel"}),
        ("delete", {"of": "library/nothing:latest"}),
        ("docker-push", {"list": "sandbox:1"}),
        ("dance", {}),
    ],
)
async def test_what_cannot_be_done_says_so(backend: LessonBackend, do: str, arguments: Mapping[str, Fact]) -> None:
    with pytest.raises(BackendError) as caught:
        await backend.act(do, arguments)
    assert len(str(caught.value)) > 10


async def test_the_facts_of_a_row(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    layer: Node = next(node for node in tag.walk() if node.kind is Kind.LAYER)
    facts = node_facts(layer)
    assert facts["node"] == "layer"
    assert (facts["repository"], facts["tag"], facts["source"]) == ("library/hello", "latest", "registry")
    assert facts["platform"] == "linux/amd64"
    assert node_facts(tag)["form"] == "index"
    event = node_event(EventKind.COPIED, tag, what="digest", text=str(tag.digest))
    assert event.facts["what"] == "digest" and event.facts["digest"] == str(tag.digest)


@pytest.mark.parametrize("text", ["", "app", "app:1 wheel", "app:1 a/b/c/d/e", "app:1 layer 2 3", "\x1b:"])
def test_an_address_that_is_none_says_so(text: str) -> None:
    with pytest.raises(BackendError) as caught:
        Address.parse(text)
    assert str(caught.value).isprintable()
