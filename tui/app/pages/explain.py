"""The Explain tab: what this object is, in plain words, and how to get the same by hand. The words are teach's."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.pages.digests import digest_lines
from tui.app.pages.parts import SEVERITY_ROLE, Scene, blank, heading, page, prose
from tui.app.styled_text import Line, Lines, Target
from tui.teach.digests import FourDigests
from tui.teach.explain import explain_finding
from tui.teach.explanation import Explanation, Link
from tui.tools.table import CommandLine


def explain(
    scene: Scene,
    explanation: Explanation,
    commands: Sequence[CommandLine] = (),
    digests: FourDigests | None = None,
) -> Lines:
    """A page from teach's explanation, its four digests and its commands. Every digest and line copies itself."""
    lines = [Line(hang=2).put(explanation.title, "title")]
    for paragraph in explanation.paragraphs:
        lines += [blank(), prose(scene.keys.put_in(paragraph))]
    if explanation.why:
        lines += [blank(), heading("Why it matters"), prose(explanation.why)]
    lines += _fix(scene, explanation)
    lines += _findings(scene)
    lines += _links(scene, "Refers to", explanation.refers_to)
    lines += _links(scene, "Referred to by", explanation.referred_by)
    lines += _specs(explanation)
    if digests is not None:
        lines += _digests(digests)
    if commands:
        lines += _commands(commands)
    return page(lines)


def _fix(scene: Scene, explanation: Explanation) -> list[Line]:
    if not explanation.fix:
        return []
    line = Line(hang=2)
    if explanation.action and (key := scene.keys.first(explanation.action)):
        line.put(f"{key} ", "key-cap")
    return [blank(), heading("What to do"), line.put(scene.keys.put_in(explanation.fix))]


def _findings(scene: Scene) -> list[Line]:
    """What is wrong here, at length: each code once, by its first finding."""
    lines: list[Line] = []
    first = {finding.code: finding for finding in reversed(scene.findings)}
    for code in dict.fromkeys(finding.code for finding in scene.findings):
        told = explain_finding(first[code])
        lines += [blank(), Line(hang=2).put(told.title, SEVERITY_ROLE[first[code].severity])]
        same = sum(finding.code == code for finding in scene.findings) - 1
        if same:
            lines.append(Line().put(f"and {same:,} more of this kind, in the Findings tab", "dim"))
        for paragraph in told.paragraphs:
            lines += [blank(), prose(paragraph)]
        if told.why:
            lines += [blank(), prose(told.why)]
        lines += _fix(scene, told)
        lines += _specs(told)
    return lines


def _specs(explanation: Explanation) -> list[Line]:
    if not explanation.specs:
        return []
    links = [Line(hang=4).put("  ").put(str(spec), "info", Target("copy", spec.url)) for spec in explanation.specs]
    return [blank(), heading("Defined in"), *links]


def _links(scene: Scene, title: str, links: Sequence[Link]) -> list[Line]:
    lines = []
    for link in links[:60]:
        target = None
        if link.node is not None:
            target = Target("node", link.node.key)
        elif link.digest is not None:
            target = Target("digest", str(link.digest))
        lines.append(Line(hang=4).put(f"  {scene.glyphs.arrow} ", "dim").put(link.text, "plain", target))
    if len(links) > 60:
        lines.append(Line().put(f"  and {len(links) - 60} more", "dim"))
    return [blank(), heading(title), *lines] if lines else []


def _digests(digests: FourDigests) -> list[Line]:
    lines = [blank(), heading("Why are there four digests?"), prose(digests.introduction)]
    for row in digests.rows:
        lines += [blank(), Line(hang=2).put(f"  {row.name}", "title"), *digest_lines(row)]
    return lines


def _commands(commands: Sequence[CommandLine]) -> list[Line]:
    lines = [blank(), heading("Commands"), Line().put("Tab and Enter, or a click: copy.", "dim")]
    for command in commands:
        title = "" if command.title == command.tool else f"  {command.title}"
        lines += [blank(), Line(hang=2).put(f"  {command.tool}", "title").put(title, "dim")]
        for part in command.line.split("\n") if command.line else ():
            code = Line(hang=4, fold="char").put("  ")
            lines.append(code.put(part, "string", Target("copy", command.line)))
        if command.note:
            lines.append(Line(hang=2).put(f"  {command.note}", "dim"))
    return lines
