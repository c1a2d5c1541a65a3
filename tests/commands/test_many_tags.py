"""`fanfold check` of many tags: several at once, each object asked once, printed in order."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.support import images
from tests.support.commands import check
from tests.support.fake_source import FakeSource
from tui.commands import check_queue
from tui.config import Settings
from tui.engine import open_engine
from tui.explore import observations, structure, walker
from tui.explore.node import Node
from tui.oci.manifest import AnyManifest

Capture = pytest.CaptureFixture[str]


def run(
    source: FakeSource, sources: Sequence[str] = ("fake.test/app",), meanwhile: Callable[[], None] | None = None
) -> int:
    """Check; `meanwhile` is called while the source's answers are held."""

    async def checked() -> int:
        engine = open_engine(Settings())
        engine.inspector.adopt(source)
        try:
            running = asyncio.create_task(check(engine, sources, (), "json"))
            if meanwhile is not None:
                for _ in range(2_000):
                    await asyncio.sleep(0)
                meanwhile()
            return await running
        finally:
            await engine.aclose()

    return asyncio.run(checked())


def documents(capsys: Capture) -> list[dict[str, Any]]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, list)
    return found


class SlowFirst(FakeSource):
    """Answers for its first tag when so many questions were asked, or when nothing is asked for long."""

    until = 0

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        if selector == "t000":
            left = 100
            while self.asked.total() < self.until and left:
                before = self.asked.total()
                await asyncio.sleep(0.01)
                left = 100 if self.asked.total() > before else left - 1
        return await super().manifest(repository, selector, fresh=fresh)


def filled(tags: int) -> SlowFirst:
    """A repository of so many tags that share nothing."""
    source = SlowFirst()
    source.delay = 0.005
    for number in range(tags):
        source.put("app", images.image("linux/amd64", (images.layer(f"of {number}"),)), f"t{number:03}")
    return source


def test_tags_are_checked_several_at_once_and_printed_in_order(capsys: Capture) -> None:
    source = filled(60)
    assert run(source) == 0
    assert source.most_running == source.slots, "one after the other there would be two questions at once"
    assert [each["reference"] for each in documents(capsys)] == [f"fake.test/app:t{n:03}" for n in range(60)]


def test_a_slow_tag_holds_back_no_other_and_keeps_its_place(capsys: Capture) -> None:
    source = filled(20)
    source.until = 2 + 19 * 3  # latest, the list, and everything of the other tags
    assert run(source) == 0
    found = documents(capsys)
    assert found[0]["reference"] == "fake.test/app:t000" and len(found) == 20
    own = {part["digest"] for part in found[0]["objects"]}
    assert {what for _, _, what in source.order[-2:]} < own, "its config and layer were asked for last"


def test_no_more_tags_are_begun_than_may_wait(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(check_queue, "UNDER_WAY", 5)
    source = filled(40)
    source.until = 1_000
    asked = 0

    def look() -> None:
        nonlocal asked
        asked = sum(1 for how, _, what in source.order if how == "manifest" and what.startswith("t"))

    assert run(source, meanwhile=look) == 0
    assert asked <= 5
    assert len(documents(capsys)) == 40


def shared(tags: int) -> FakeSource:
    """Tags whose indexes are different and hold the same: one platform whole, one without layer and config, one
    whose manifest is gone."""
    source = FakeSource()
    names = ("linux/amd64", "linux/arm64", "linux/s390x")
    parts = [images.image(name, (images.layer(f"for {name}"),)) for name in names]
    for number in range(tags):
        made = images.index(*parts, annotations={"number": str(number)})
        source.put("app", made, f"t{number:03}")
    for blob in parts[1].blobs:
        source.drop("app", blob.digest)
    source.drop("app", parts[2].digest)
    return source


def test_what_tags_share_is_asked_once_there_or_not(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(observations, "NEGATIVE_SECONDS", -1.0)  # as if the run took longer than that
    source = shared(30)
    assert run(source) == 1
    found = documents(capsys)
    assert len(found) == 30
    assert len({json.dumps([each["counts"], each["verdict"].partition(" ")[2]]) for each in found}) == 1, (
        "all say the same"
    )
    alone = shared(1)
    run(alone, ["fake.test/app:t000"])
    questions = {question: count for question, count in source.asked.items() if question[2].startswith("sha256:")}
    assert set(questions.values()) == {1}, "and so is each neighbour for what is missing"
    expected = {what for _, place, what in alone.asked if place == "app" and what.startswith("sha256:")}
    assert {what for _, place, what in questions if place == "app"} == expected


def test_each_report_counts_its_own_requests(capsys: Capture) -> None:
    source = filled(20)
    run(source)
    found = documents(capsys)
    assert {each["requests"] for each in found} == {3}


def test_what_the_documents_say_is_judged_few_times(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Three times for each platform: whether it can be pulled, and who refuses it, for its line and for the verdict."""
    source, judged = FakeSource(), list[str]()
    plain = structure.flaws

    def counting(row: Node) -> Iterator[structure.Flaw]:
        judged.append(row.label)
        return plain(row)

    monkeypatch.setattr(structure, "flaws", counting)
    both = [images.image(name, (images.layer(name),)) for name in ("linux/amd64", "linux/arm64")]
    source.put("app", images.index(*both), "1")
    assert run(source) == 0
    assert json.loads(capsys.readouterr().out)["complete"]
    assert 0 < Counter(judged).most_common(1)[0][1] <= 3


def test_what_is_named_twice_is_said_twice_and_asked_once(capsys: Capture) -> None:
    source = filled(3)
    assert run(source, ["fake.test/app", "fake.test/app:t001", "fake.test/app"]) == 0
    found = documents(capsys)
    names = [f"fake.test/app:t{n:03}" for n in range(3)]
    assert [each["reference"] for each in found] == [*names, names[1], *names]
    assert len({json.dumps(each["counts"]) for each in found}) == 1
    blobs = Counter(question for question in source.asked.elements() if question[0] in ("blob", "probe"))
    assert set(blobs.values()) == {1}


def test_sources_and_repositories_go_through_the_same_line(capsys: Capture) -> None:
    source = FakeSource()
    source.delay = 0.005
    for name in ("one", "two", "three"):
        for number in range(5):
            source.put(name, images.image("linux/amd64", (images.layer(f"{name} {number}"),)), f"t{number}")
    assert run(source, ["fake.test/"]) == 0
    assert source.most_running >= 8, "more than one repository has tags"
    repositories = [each["reference"].partition("/")[2].partition(":")[0] for each in documents(capsys)]
    assert repositories == sorted(repositories, key=["one", "three", "two"].index)


def test_a_registry_of_which_not_all_is_looked_at_comes_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """What was begun and is not counted any more, its repository's objects being spent, is no longer under way."""
    monkeypatch.setattr(walker, "OBJECT_LIMIT", 30)
    source = FakeSource()
    for number in range(100):
        source.put("app", images.image("linux/amd64", (images.layer(f"layer{number}"),)), f"t{number:05}")
    source.put("web", images.image("linux/arm64"), "1")

    assert run(source, ["fake.test/"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [each["complete"] for each in found[:10]] == [True] * 10
    assert [each["reference"] for each in found[10:]] == ["fake.test/app", "fake.test/"]
    assert "Checked 10 of 100 tags" in found[10]["verdict"]
    checked = sum("tags" not in each for each in found)
    assert found[11]["verdict"].startswith(f"Checked {checked} tags; ")
    assert ": a check stops after" in found[11]["verdict"] and found[11]["tags"]["checked"] == checked
