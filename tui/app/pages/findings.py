"""The Findings tab: everything below the row that is wrong or worth knowing, each with its fix and the key for it."""

from __future__ import annotations

from tui.app.pages.parts import SEVERITY_MARK, SEVERITY_ROLE, Scene, asked, blank, fix_line, page, prose
from tui.app.styled_text import Line, Lines, Target
from tui.explore.finding import Finding, codes, named_tags
from tui.explore.node import Load
from tui.text import plural, safe


def findings(scene: Scene) -> Lines:
    """The page for the selected row."""
    if not scene.findings:
        return page(blank(), _why_empty(scene))
    counts: dict[str, int] = {}
    for finding in scene.findings:
        counts[finding.severity.value] = counts.get(finding.severity.value, 0) + 1
    head = ", ".join(plural(count, name, "info" if name == "info" else None) for name, count in counts.items())
    lines = [Line().put(head, "title")]
    for finding in scene.findings:
        lines += [blank(), *_finding(scene, finding)]
    return page(lines)


def _finding(scene: Scene, finding: Finding) -> list[Line]:
    role = SEVERITY_ROLE[finding.severity]
    code = codes()[finding.code]
    head = Line(hang=2).put(f"{SEVERITY_MARK[finding.severity]} {finding.code}", role).put(f"  {code.title}", "dim")
    lines = [head, Line(hang=2).put("  ").put(finding.message, "plain", Target("node", finding.node_key))]
    if (row := scene.observed.get(finding.node_key)) is not None:
        lines[-1].put(asked(scene.observed.observation(row)), "dim")
    if tags := named_tags(finding):
        lines.append(Line(hang=4).put(f"  {scene.glyphs.dot} ", "dim").put(tags, "label"))
    if finding.digest is not None:
        digest = Line(hang=2, fold="char").put("  ")
        lines.append(digest.put(safe(str(finding.digest)), "digest", Target("digest", str(finding.digest))))
    lines.extend(Line(hang=4).put(f"  {scene.glyphs.dot} ", "dim").put(fact, "label") for fact in finding.facts if fact)
    lines.append(Line(hang=2).put("  ").put(code.cause, "dim"))
    lines.append(fix_line(scene, finding, "  "))
    return lines


def _why_empty(scene: Scene) -> Line:
    node = scene.node
    if node.load is Load.IDLE and node.expandable:
        text = "Not checked. {key:open} opens the row, {key:check} checks everything below."
        return prose(scene.keys.put_in(text), "dim")
    rollup = scene.observed.rollup(node)
    if rollup.worst.undetermined:
        text = "No findings so far. Not fully checked: {key:check} checks everything below."
        return prose(scene.keys.put_in(text), "dim")
    return prose("No findings.", "good")
