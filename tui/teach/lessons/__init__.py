"""The lessons that come with the program: data, one file each, and finding them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from tui.teach.lesson import Lesson
from tui.teach.lesson_file import LessonError, load, parse
from tui.text import safe


def all_lessons() -> tuple[Lesson, ...]:
    """Every lesson that comes with the program, in the order in which to take them."""
    folder = resources.files(__name__)
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".toml"))
    return tuple(parse((folder / name).read_text(encoding="utf-8"), name) for name in names)


def find_lesson(name: str) -> Lesson:
    """A lesson by its id ("stale-list"), its number ("2"), or the path of a file. Raises LessonError."""
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return load(Path(name))
    lessons = all_lessons()
    for number, lesson in enumerate(lessons, start=1):
        if name in (lesson.id, str(number)):
            return lesson
    known = ", ".join(lesson.id for lesson in lessons)
    raise LessonError(
        name, 1, f"There is no lesson “{safe(name)}”. The lessons are {known}; or give the path of a file."
    )
