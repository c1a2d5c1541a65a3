"""The Explain tab: what this object is, in plain words, and how to get the same by hand. The words are teach's."""

from __future__ import annotations

from typing import Any

from tui.app.ink import Line, Lines, Target
from tui.app.pages.parts import Scene, blank, heading, page, prose


def explain(scene: Scene, explanation: Any, commands: Any = ()) -> Lines:
    """A page from teach's Explanation (title, paragraphs, refers_to, referred_by, why, spec) and its Commands (tool,
    title, line, why). Every command is a link that copies it."""
    lines = [Line().put(explanation.title, "title")]
    for paragraph in explanation.paragraphs:
        lines += [blank(), prose(paragraph)]
    if explanation.why:
        lines += [blank(), prose(explanation.why)]
    lines += _links(scene, "It refers to", explanation.refers_to)
    lines += _links(scene, "What refers to it", explanation.referred_by)
    if explanation.spec:
        lines += [blank(), heading("Where it is defined")]
        for spec in explanation.spec:
            lines.append(Line(hang=2).put("  ").put(_spec(spec), "info"))
    if commands:
        lines += [blank(), heading("The same by hand"), Line().put("Enter on one copies it", "dim")]
        for command in commands:
            lines += [blank(), Line(hang=2).put(f"  {command.tool}", "accent").put(f"  {command.title}", "dim")]
            for part in command.line.split("\n"):
                code = Line(hang=4, fold="char").put("  ")
                lines.append(code.put(part, "string", Target("copy", command.line)))
            if command.why:
                lines.append(Line(hang=2).put(f"  {command.why}", "dim"))
    return page(lines)


def _links(scene: Scene, title: str, links: Any) -> list[Line]:
    lines = []
    for link in links:
        target = None
        if getattr(link, "node", None) is not None:
            target = Target("node", getattr(link.node, "key", str(link.node)))
        elif getattr(link, "digest", None) is not None:
            target = Target("digest", str(link.digest))
        lines.append(Line(hang=4).put(f"  {scene.glyphs.arrow} ", "accent").put(link.text, "plain", target))
    return [blank(), heading(title), *lines] if lines else []


def _spec(spec: Any) -> str:
    parts = [str(getattr(spec, name)) for name in ("document", "section") if getattr(spec, name, None)]
    return ", ".join(parts) or str(spec)
