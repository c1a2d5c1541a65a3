"""Lesson files: those that come with the program are right, and a wrong one says which line is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.resources.toml_lines import Lines
from tui.teach import lesson_file
from tui.teach.backend import ACTS
from tui.teach.events import FACTS, EventKind
from tui.teach.lesson import Lesson
from tui.teach.lesson_file import SHOWS, LessonError, all_lessons, find_lesson, load, parse
from tui.text import with_keys

GOOD = '''\
id = "mine"
title = "Mine"
summary = "A lesson."
opens = ["library/hello"]

[[step]]
text = """
First line
goes on.

Second paragraph.
"""
[step.done]
event = "opened"
repository = "library/hello"

[[step]]
text = "Second."
hint = "A hint."
show = ["open library/hello:latest", "key x"]
act = { do = "limit", repository = "library/hello", left = 0, label = "do it" }
[step.done]
any = [
  { event = "copied", text = { digest_of = "library/hello:latest" } },
  { event = "checked", missing = { at_least = 1 }, complete = false },
]
fresh = true
holds = [{ reference = "library/hello:latest", is = "complete" }]
'''


def test_the_lessons_that_come_along() -> None:
    lessons = all_lessons()
    assert [lesson.id for lesson in lessons] == [
        "what-a-tag-is",
        "stale-list",
        "parent-and-child",
        "nested-list",
        "rate-limits",
        "vanishing",
    ]
    for lesson in lessons:
        assert lesson.summary and lesson.closing and 3 < len(lesson.steps) < 15
        for step in lesson.steps:
            assert step.title and step.hint and 40 < len(step.text) < 700
            assert not set("{}[]<>") & set(with_keys(step.text, lambda action: "x"))
            if step.act is not None:
                assert step.act.label


def test_the_stale_list_tells_the_whole_story() -> None:
    lesson = find_lesson("stale-list")
    text = " ".join(f"{step.title} {step.text}" for step in lesson.steps)
    for moment in ("T1", "T2", "T3", "T4", "T5", "T6", "--amend", "MANIFEST_BLOB_UNKNOWN", "Created manifest list"):
        assert moment in text


def test_a_lesson_is_found_by_id_number_and_path(tmp_path: Path) -> None:
    assert find_lesson("2") == find_lesson("stale-list")
    path = tmp_path / "own.toml"
    path.write_text(GOOD, encoding="utf-8")
    assert find_lesson(str(path)).id == "mine"
    with pytest.raises(LessonError, match="Unknown lesson “stale”"):
        find_lesson("stale")
    with pytest.raises(LessonError, match=r"^[^,]*: The file cannot be read"):
        find_lesson("/nowhere/lesson.toml")


def test_a_good_file() -> None:
    lesson = parse(GOOD, "mine.toml")
    assert isinstance(lesson, Lesson)
    first, second = lesson.steps
    assert first.text == "First line goes on.\n\nSecond paragraph."
    assert first.done.all_of[0].event is EventKind.OPENED
    assert [show.do for show in second.show] == ["open", "key"]
    assert second.act is not None and second.act.arguments["left"] == 0
    assert len(second.done.any_of) == 2 and second.done.fresh
    assert second.done.holds[0].state == "complete"


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (changed('id = "mine"', 'id = "My Lesson"'), 1, "lower-case words"),
        (changed('id = "mine"', "id = mine"), 1, "not valid TOML"),
        (changed('title = "Mine"\n', ""), 1, "“title” is missing"),
        (changed('title = "Mine"', 'titel = "Mine"'), 2, "Did you mean “title”"),
        (changed('summary = "A lesson."', 'summary = ""'), 3, "not empty"),
        (changed('opens = ["library/hello"]', "opens = 3"), 4, "list of text"),
        (changed('event = "opened"', 'event = "openned"'), 14, "Did you mean “opened”"),
        (
            changed('repository = "library/hello"\n\n', 'repositry = "library/hello"\n\n'),
            15,
            "Did you mean “repository”",
        ),
        (changed('[step.done]\nevent = "opened"\nrepository = "library/hello"\n', ""), 6, "no “done”"),
        (changed('text = "Second."', "text = 7"), 18, "text in quotes"),
        (changed('"key x"]', '"press x"]'), 20, "Unknown verb"),
        (changed('"key x"]', '"x"]'), 20, "a verb and what"),
        (changed('do = "limit"', 'do = "limits"'), 21, "Did you mean “limit”"),
        (changed(", left = 0", ""), 21, "needs left"),
        (changed("at_least = 1", "at_least = true"), 25, "whole number"),
        (changed("at_least", "atleast"), 25, "Did you mean “at_least”"),
        (changed("missing =", "mising ="), 25, "Did you mean “missing”"),
        (changed("fresh = true", "fresh = 1"), 27, "true or false"),
        (changed('is = "complete"', 'is = "whole"'), 28, "One of: complete"),
        (changed("any = [", 'event = "read"\nany = ['), 22, "not both"),
        (changed('"opened"\n', '"finding"\ncode = "missing-blub"\n'), 15, "Did you mean “missing-blob”"),
        (changed('"opened"\n', '"opened"\nnode = "layr"\n'), 15, "Did you mean “layer”"),
        (changed('"opened"\n', '"shown"\npresence = "gone"\n'), 15, "One of: present"),
        (changed('"opened"\n', '"tab"\ntab = "finding"\n'), 15, "Did you mean “findings”"),
        (changed('"opened"\n', '"tab"\ntab = { like = "fund*" }\n'), 15, "Unknown tab “fund*”"),
        (changed('"opened"\n', '"tab"\ntab = { one_of = ["json", "jsn"] }\n'), 15, "Did you mean “json”"),
        (changed('event = "opened"\nrepo', 'event = "view"\nview = "request"\nrepo'), 15, "Did you mean “requests”"),
        (changed('"opened"\n', '"opened"\nsource = "registri"\n'), 15, "Did you mean “registry”"),
        (changed('event = "opened"\nrepository = "library/hello"', 'event = "acted"\nact = "delite"'), 15, "“delete”"),
        (changed("complete = false", 'complete = "no"'), 25, "true or false"),
        (changed("missing = { at_least = 1 }", 'missing = "1"'), 25, "whole number"),
        (changed("complete = false", "complete = { at_least = 1 }"), 25, "true or false"),
        (changed("fresh = true", "frehs = true"), 27, "Did you mean “fresh”"),
        (changed('"open library/hello:latest"', '"tab fundings"'), 20, "Did you mean “findings”"),
        (changed('"open library/hello:latest"', '"view wat"'), 20, "One of: requests"),
        (changed('"open library/hello:latest"', '"open library/hello:1 layre 2"'), 20, "Did you mean “layer”"),
        (changed('"open library/hello:latest"', '"select library/hello linux/arm64"'), 20, "has no tag"),
        (changed('["open library/hello:latest", "key x"]', '[\n  "key x",\n  "tab fundings",\n]'), 22, "“findings”"),
        (changed('{ digest_of = "library/hello:latest" }', '{ digest_of = "library/hello:1 layre 2" }'), 24, "no part"),
        (
            changed('do = "limit", repository = "library/hello", left = 0', 'do = "delete", of = "a:1 wheel"'),
            21,
            "no part",
        ),
        (GOOD.replace("[[step]]", "[[stepp]]", 1), 6, "Did you mean “step”"),
        (GOOD[:-1] + '\n[[steps]]\ntext = "x"\n[step.done]\nevent = "read"\n', 29, "Did you mean “step”"),
        (GOOD.replace("[step.done]", "[step.don]"), 13, "Did you mean “done”"),
        (GOOD.replace("[[step]]", "[step]"), 6, "two brackets"),
        ('id = "a"\ntitle = "A"\nsummary = "S"\n', 1, "There is no step"),
        ("", 1, "“id” is missing"),
    ],
)
def test_a_bad_file_says_which_line_and_what_to_do(text: str, line: int, words: str) -> None:
    with pytest.raises(LessonError) as caught:
        parse(text, "bad.toml")
    assert words in caught.value.problem
    assert caught.value.line == line
    assert str(caught.value).startswith(f"bad.toml, line {line}: ")


def test_a_header_in_a_text_is_no_header() -> None:
    assert parse(changed("Second paragraph.", "[[stepp]]"), "x.toml").steps[0].text.endswith("[[stepp]]")
    with pytest.raises(LessonError, match=r"line 11: .*Did you mean .step"):
        parse('id = "a"\ntext = """\n[[stepp]]\n"""\n' + "\n" * 6 + "[[stepp]]\n[[x", "x.toml")


@pytest.mark.parametrize("made", all_lessons(), ids=lambda lesson: lesson.id)
def test_what_a_lesson_waits_for_is_told_by_the_program(made: Lesson) -> None:
    """The words of the vocabulary are those that the program has: tabs by name, views that can be brought up."""
    from tui.app.controllers.detail import TABS as tabs

    assert tuple(name for name, _ in tabs) == lesson_file.TABS
    for step in made.steps:
        for condition in step.done.conditions:
            for fact, matcher in condition.facts.items():
                words = lesson_file.words_of_fact(condition.event, fact)
                assert not words or matcher.equal is None or matcher.equal in words


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "lesson.toml"
    path.write_bytes(b'id = "x"\ntitle = "\xff"\n')
    with pytest.raises(LessonError, match="line 2: The text is not UTF-8"):
        load(path)
    path.write_bytes(b"#" * 300_000)
    with pytest.raises(LessonError, match="larger than"):
        load(path)


def test_control_characters_in_a_lesson_are_made_visible() -> None:
    lesson = parse(changed('"Second."', '"a\\u001b[31mb"'), "x.toml")
    assert "\x1b" not in lesson.steps[1].text


def test_lines_of_a_file() -> None:
    lines = Lines(GOOD)
    assert lines.of(("title",)) == 2
    assert lines.of(("step", 1, "hint")) == 19
    assert lines.of(("step", 0, "done", "event")) == 14
    assert lines.of(("step", 0, "nothing")) == 6
    assert lines.of(("nothing",)) == 1
    assert lines.of(("step", 1, "done", "any", 1, "missing")) == 25


def test_the_format_page_names_the_whole_vocabulary() -> None:
    page = (Path(__file__).parents[2] / "tui/resources/lessons/FORMAT.md").read_text(encoding="utf-8")
    for kind in EventKind:
        assert kind.value in page
        for fact in FACTS[kind] - {"key", "presence", "media_type", "size"}:
            assert fact in page, (kind, fact)
    for act, arguments in ACTS.items():
        assert act in page
        assert all(argument in page for argument in arguments)
    for show in SHOWS:
        assert show in page
