"""`fanfold check` and `tree` of long lists, and of lists that are cut: what was not looked at is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support import images
from tests.support.commands import check, tree
from tests.support.fake_source import FakeSource
from tests.support.schemas import hold
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore import walker
from tui.explore.verdict import Coverage
from tui.registry.page import Page

Capture = pytest.CaptureFixture[str]
NOTE = "The list is incomplete: page 2 failed. fake.test answered 500."


class Cut(FakeSource):
    """Its list of tags ends with a page that fails."""

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        yield Page(tuple(self._repo(repository).tags), False)
        yield Page((), False, NOTE)


def filled(source: FakeSource, count: int, *, distinct: bool = True) -> FakeSource:
    """A repository `app` with so many tags: of an image each, or all of the same."""
    for number in range(count):
        text = str(number) if distinct else ""
        source.put("app", images.image("linux/amd64", (images.layer(f"layer{text}"),)), f"t{number:05}")
    return source


def asked(source: FakeSource, output: str = "json", *, command: str = "check") -> tuple[int, Engine]:
    async def run() -> tuple[int, Engine]:
        engine = open_engine(Settings())
        engine.inspector.adopt(source)
        try:
            if command == "tree":
                return await tree(engine, ["fake.test/app"], None, output), engine
            return await check(engine, ["fake.test/app"], (), output), engine
        finally:
            await engine.aclose()

    return asyncio.run(run())


def documents(capsys: Capture) -> tuple[list[dict[str, Any]], str]:
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert isinstance(found, list)
    return found, err


def test_every_tag_is_checked_and_not_only_those_that_would_be_rows(capsys: Capture) -> None:
    source = filled(FakeSource(), 1_201, distinct=False)
    broken = source.put("app", images.image("linux/amd64", (images.layer("gone"),)), "t01201")
    source.drop("app", broken.blobs[1].digest)
    status, engine = asked(source)
    found, err = documents(capsys)
    assert (status, err) == (1, "")
    assert len(found) == 1_202
    assert [each["reference"] for each in found if not each["complete"]] == ["fake.test/app:t01201"]
    left = sum(1 for root in engine.explorer.roots for row in root.walk() if row.children)
    assert left <= 3, "what was below the tags is not kept"
    assert sum(1 for root in engine.explorer.roots for _ in root.walk()) < 1_010


def test_a_check_that_was_cut_says_so_everywhere(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(walker, "OBJECT_LIMIT", 30)
    said = "Checked 10 of 100 tags: a check stops after 30 objects."
    source = filled(FakeSource(), 100)
    assert asked(source)[0] == 3
    found, err = documents(capsys)
    assert len(found) == 11
    assert all(each["complete"] for each in found[:10])
    assert found[-1]["reference"] == "fake.test/app"
    assert (found[-1]["complete"], found[-1]["verdict"]) == (False, said)
    assert found[-1]["tags"] == {"checked": 10, "listed": 100, "listComplete": True}
    assert list(found[-1])[:-1] == list(found[0])
    assert err == f"fanfold: fake.test/app: {said}\n"
    assert source.requests < 40
    assert asked(filled(FakeSource(), 100), "markdown")[0] == 3
    assert capsys.readouterr().out.endswith(f"\n\n## fake.test/app\n\n**{said}**\n")
    assert asked(filled(FakeSource(), 100), "text")[0] == 3
    assert capsys.readouterr().out.endswith(f"\n\nfake.test/app: {said}\n\n██████████  10 whole\n")


@pytest.mark.parametrize("count", [1, 2])
def test_a_list_that_breaks_off_is_not_taken_for_the_whole(count: int, capsys: Capture) -> None:
    assert asked(filled(Cut(), count))[0] == 3
    found, err = documents(capsys)
    assert [each["complete"] for each in found] == [True] * count + [False]
    tags = "1 tag" if count == 1 else "2 tags"
    assert found[-1]["verdict"] == f"Checked {tags}, more may exist: {NOTE}"
    assert found[-1]["tags"] == {"checked": count, "listed": count, "listComplete": False}
    assert NOTE in err
    assert asked(filled(Cut(), count), command="tree", output="text")[0] == 3
    assert NOTE in capsys.readouterr().err


def test_what_is_missing_counts_more_than_what_was_not_looked_at(capsys: Capture) -> None:
    source = filled(Cut(), 2)
    source.drop("app", next(iter(source.repos["app"].blobs)))
    assert asked(source)[0] == 1
    assert NOTE in capsys.readouterr().err


def test_tags_that_tools_made_are_checked_too(capsys: Capture) -> None:
    source = filled(FakeSource(), 2)
    signature = source.put("app", images.image("linux/amd64", (images.layer("s"),)), f"sha256-{'a' * 64}.sig")
    source.drop("app", signature.blobs[1].digest)
    assert asked(source)[0] == 1
    assert len(documents(capsys)[0]) == 3


def test_a_tag_latest_that_is_listed_and_not_there_is_told(capsys: Capture) -> None:
    source = filled(FakeSource(), 2)
    gone = source.put("app", images.image("linux/arm64"), "latest")
    source.drop("app", gone.digest)
    assert asked(source)[0] == 1
    found, _ = documents(capsys)
    assert [each["reference"] for each in found if not each["complete"]] == ["fake.test/app:latest"]


def test_nobody_presses_enter_in_a_pipe(capsys: Capture) -> None:
    assert asked(filled(FakeSource(), 1_200, distinct=False), command="tree", output="text")[0] == 0
    out, _ = capsys.readouterr()
    assert "200 more" in out
    assert "enter" not in out


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_a_tree_for_programs_has_every_name(form: str, capsys: Capture) -> None:
    source = filled(FakeSource(), 2_200, distinct=False)
    assert asked(source, form, command="tree")[0] == 0
    out, _ = capsys.readouterr()
    assert all(f"t{number:05}" in out for number in range(2_200)) and " more" not in out
    assert {how for how, _, _ in source.order} == {"tags"}, "no tag was asked for"
    if form == "json":
        made = json.loads(out)
        hold(made, "tree")
        assert len(made["tree"]["children"]) == 2_200


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (Coverage(1, 1, whole=False, why="So."), "Checked 1 tag, more may exist: So."),
        (Coverage(5, 9, whole=False), "Checked 5 of at least 9 tags."),
        (
            Coverage(3, 3, unlisted=2),
            "Checked 3 tags; 2 repositories not listed.",
        ),
    ],
)
def test_how_much_was_looked_at_in_words(seen: Coverage, sentence: str) -> None:
    assert seen.sentence == sentence
    assert not seen.complete
