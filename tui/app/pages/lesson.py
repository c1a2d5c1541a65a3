"""A lesson as a page: where one is, what to do, and what helps. Plain data, no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.pages.parts import blank, prose
from tui.app.styled_text import Line, Lines
from tui.teach.backend import ActResult
from tui.teach.lesson import Step
from tui.teach.lesson_run import LessonRun
from tui.text import plural

if TYPE_CHECKING:
    from tui.app.keys import Keys


def panel_title(run: LessonRun) -> str:
    """For the border: the lesson's name and how far it is."""
    number, of = min(run.current + 1, len(run.lesson.steps)), len(run.lesson.steps)
    return f"Lesson {number}/{of}: {run.lesson.title}"


def panel_page(run: LessonRun, keys: Keys, *, hint: bool, room: int, busy: str = "") -> Lines:
    """The panel. `room` (rows) decides whether the steps that are done and to come are listed too."""
    steps = run.lesson.steps
    lines: list[Line] = []
    tall = room >= 20
    if tall:
        lines += [_step_line(number, step, run) for number, step in enumerate(steps) if number < run.current]
    step = run.step
    if step is None:
        return Lines([*lines, *_closing(run, keys)])
    title = step.title or f"Step {run.current + 1}"
    lines.append(Line(hang=2).put("▸ ", "accent").put(title, "title"))
    if busy:
        lines.append(Line(hang=2).put(f"  {busy}", "checking"))
    if hint and step.hint:
        lines.append(Line(hang=2).put("Hint: ", "head").put(keys.put_in(step.hint)))
    for number, paragraph in enumerate(step.text.split("\n\n")):
        if number or tall:
            lines.append(blank())
        lines.append(prose(keys.put_in(paragraph)))
    if run.note:
        lines += [blank(), Line(hang=2).put("! ", "warn").put(run.note, "warn")]
    if tall:
        ahead = [(number, each) for number, each in enumerate(steps) if number > run.current]
        lines += [blank(), *(_step_line(number, each, run) for number, each in ahead)]
    return Lines(lines)


def result_page(result: ActResult) -> Lines:
    """What came of something that the lesson did."""
    return Lines([Line(hang=2, fold="char").put(line, "string") for line in result.lines])


def panel_keys(run: LessonRun, keys: Keys, *, hint: bool) -> list[tuple[str, str]]:
    """What can be pressed now: (key, words)."""
    step = run.step
    if step is None:
        return [
            (keys.first("lessons"), "next lesson"),
            (keys.first("lesson-over"), "start over"),
            (keys.first("lesson-panel"), "hide"),
        ]
    found = []
    if step.act is not None:
        found.append((keys.first("lesson-act"), step.act.label or "do it"))
    elif step.is_read:
        found.append((keys.first("lesson-act"), "go on"))
    if step.hint:
        found.append((keys.first("lesson-hint"), "no hint" if hint else "hint"))
    if step.show:
        found.append((keys.first("lesson-show"), "show me"))
    return [*found, (keys.first("lesson-over"), "start over"), (keys.first("lesson-panel"), "hide")]


def _step_line(number: int, step: Step, run: LessonRun) -> Line:
    done = number < run.current
    line = Line(hang=2).put("✓ " if done else "· ", "good" if done else "dim")
    return line.put(step.title or f"Step {number + 1}", "dim")


def _closing(run: LessonRun, keys: Keys) -> list[Line]:
    lines = [
        blank(),
        Line(hang=2).put("✓ ", "good").put(f"Done: all {plural(len(run.lesson.steps), 'step')}.", "title"),
    ]
    for paragraph in run.lesson.closing.split("\n\n") if run.lesson.closing else ():
        lines += [blank(), prose(keys.put_in(paragraph))]
    return lines
