"""A lesson as a page: where one is, what to do, and what helps. Plain data, no Textual."""

from __future__ import annotations

from collections.abc import Mapping

from tui.app.ink import Line, Lines
from tui.app.pages.parts import blank, prose
from tui.teach.events import EventKind
from tui.teach.lesson import Step
from tui.teach.lesson_run import LessonRun
from tui.teach.world import ActResult
from tui.text import plural


def panel_title(run: LessonRun) -> str:
    """For the border: the lesson's name and how far it is."""
    return f"Lesson: {run.lesson.title}  {min(run.current + 1, len(run.lesson.steps))}/{len(run.lesson.steps)}"


def panel_page(run: LessonRun, *, hint: bool, keys: Mapping[str, str], room: int, busy: str = "") -> Lines:
    """The panel. ``room`` (rows) decides whether the steps that are done and to come are listed too.

    ``keys`` are the keys of ``lesson-act``, ``lesson-hint``, ``lesson-show`` and the others, as people write them.
    """
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
        lines.append(Line(hang=2).put(f"  {busy}", "info"))
    for number, paragraph in enumerate(step.text.split("\n\n")):
        if number or tall:
            lines.append(blank())
        lines.append(prose(paragraph))
    if run.note:
        lines += [blank(), Line(hang=2).put("! ", "warn").put(run.note, "warn")]
    if hint and step.hint:
        lines += [blank(), Line(hang=2).put("Hint: ", "accent").put(step.hint)]
    lines += [blank(), key_line(run, step, keys, hint)]
    if tall:
        ahead = [(number, each) for number, each in enumerate(steps) if number > run.current]
        lines += [blank(), *(_step_line(number, each, run) for number, each in ahead)]
    return Lines(lines)


def result_page(result: ActResult) -> Lines:
    """What came of something that the lesson did."""
    return Lines([Line(hang=2, fold="char").put(line, "string") for line in result.lines])


def key_line(run: LessonRun, step: Step, keys: Mapping[str, str], hint: bool) -> Line:
    """What can be pressed in this step."""
    line = Line()
    reading = any(each.event is EventKind.READ for each in (*step.done.all_of, *step.done.any_of))
    if step.act is not None:
        line.put(keys["lesson-act"], "key-cap").put(
            f"\u00a0{step.act.label or 'do it'}  ".replace(" ", "\u00a0"), "label"
        )
    elif reading:
        line.put(keys["lesson-act"], "key-cap").put("\u00a0go\u00a0on ", "label")
    if step.hint and not hint:
        line.put(f" {keys['lesson-hint']}", "key-cap").put("\u00a0hint ", "label")
    if step.show:
        line.put(f" {keys['lesson-show']}", "key-cap").put("\u00a0show\u00a0me ", "label")
    line.put(f" {keys['lesson-over']}", "key-cap").put("\u00a0start\u00a0over ", "label")
    line.put(f" {keys['lesson-panel']}", "key-cap").put("\u00a0hide ", "label")
    return line


def _step_line(number: int, step: Step, run: LessonRun) -> Line:
    done = number < run.current
    line = Line(hang=2).put("✓ " if done else "· ", "good" if done else "dim")
    return line.put(step.title or f"Step {number + 1}", "dim")


def _closing(run: LessonRun, keys: Mapping[str, str]) -> list[Line]:
    lines = [
        blank(),
        Line(hang=2).put("✓ ", "good").put(f"Done: all {plural(len(run.lesson.steps), 'step')}.", "title"),
    ]
    for paragraph in run.lesson.closing.split("\n\n") if run.lesson.closing else ():
        lines += [blank(), prose(paragraph)]
    line = Line().put(keys["lessons"], "key-cap").put("\u00a0the\u00a0next\u00a0lesson ", "label")
    line.put(f" {keys['lesson-over']}", "key-cap").put("\u00a0start\u00a0over ", "label")
    line.put(f" {keys['lesson-panel']}", "key-cap").put("\u00a0hide", "label")
    return [*lines, blank(), line]
