"""A pull, step by step, as a page: the requests so far, the last step in full. Plain data, no Textual."""

from __future__ import annotations

from tui.app.pages.parts import blank, prose
from tui.app.styled_text import Line, Lines
from tui.teach.rehearsal import Rehearsal
from tui.teach.rehearsal_steps import RehearsalStep


def rehearsal_title(rehearsal: Rehearsal) -> str:
    """For the border."""
    name = rehearsal.reference.rpartition("/")[2]
    return f"Pull for {rehearsal.platform}: {name}"


def rehearsal_page(rehearsal: Rehearsal, *, busy: bool = False, room: int = 40) -> Lines:
    """All steps in a line each, and the last one with its request, its answer and why."""
    lines: list[Line] = []
    steps = rehearsal.steps
    if not steps:
        lines.append(prose("A pull, request by request. Layers are checked, not downloaded."))
    before = steps[:-1]
    shown = before if room >= 20 else before[-1:]
    lines += [_line(step) for step in shown]
    if steps:
        lines += _last(steps[-1])
    if busy:
        lines += [blank(), Line().put("asking…", "checking")]
    elif rehearsal.finished:
        words = "The pull fails." if rehearsal.stopped else "Pull complete."
        lines += [blank(), Line().put(words, "bad" if rehearsal.stopped else "good")]
    return Lines(lines)


def _line(step: RehearsalStep) -> Line:
    return Line(hang=2).put("✗ " if step.stopped else "✓ ", "bad" if step.stopped else "good").put(step.title, "dim")


def _last(step: RehearsalStep) -> list[Line]:
    mark = "✗ " if step.stopped else "▸ "
    lines = [Line(hang=2).put(mark, "bad" if step.stopped else "dim").put(step.title, "title")]
    if step.request:
        lines.append(Line(hang=4, fold="char").put("  → ", "dim").put(step.request, "string"))
    if step.answer:
        lines.append(Line(hang=4).put("  ← ", "dim").put(step.answer, "bad" if step.stopped else "plain"))
    for paragraph in step.why:
        lines += [blank(), prose(paragraph)]
    if step.passed_over:
        lines += [blank(), Line().put("Skipped", "label")]
        for passed in step.passed_over:
            line = Line(hang=4).put(f"  {passed.position + 1}. ", "number").put(passed.label, "plain")
            lines.append(line.put(f"  {passed.reason}", "dim"))
    if step.docker is not None:
        lines += [blank(), Line().put("Output", "label")]
        for who, message in step.docker.lines():
            lines.append(Line(hang=4).put(f"  {who}: ", "label").put(message, "bad"))
    return lines
