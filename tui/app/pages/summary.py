"""The Summary tab: what is selected, its whole digest, and what is wrong with it in brief."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.pages.parts import (
    LABEL,
    SEVERITY_MARK,
    SEVERITY_ROLE,
    Scene,
    blank,
    digest_value,
    heading,
    joined,
    page,
    pairs,
    presence_line,
    prose,
    value,
)
from tui.app.pages.tags import TagsPage, strip_line
from tui.app.styled_text import Line, Lines, Page, Target
from tui.explore.cells import how_old, kind_cell
from tui.explore.finding import Finding, named_tags
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.objects import image_parts, image_size
from tui.explore.on_disk import Section
from tui.explore.tag_table import TagTable, tag_table
from tui.oci import media
from tui.oci.statement import Statement
from tui.oci.statement import summary as statement_facts
from tui.sources.presence import Presence
from tui.text import age, plural, safe, size

#: So many lines of one section are shown of what lies on the disk.
_MOST_ON_DISK = 500


def summary(scene: Scene, tail: Sequence[Line] = (), *, above: Sequence[Line] = ()) -> Page:
    """The page for the selected row; `above` and `tail` are lines to stand before it and below it."""
    table = tag_table(scene.node, scene.observed.rollup)
    if table is not None and table.entries:
        return TagsPage(_above_tags(scene, table), table, scene, [*_below_tags(scene), *tail])
    node = scene.node
    return page(
        above,
        Line(hang=2).put(title(node), "title"),
        _reference(node),
        _about(scene),
        _error(scene),
        _notices(scene),
        _problems(scene),
        _hint(scene),
        _annotations(node),
        tail,
    )


def _above_tags(scene: Scene, table: TagTable) -> list[Line]:
    looked_at = table.tally.total > table.tally.waiting
    return joined(
        Line(hang=2).put(title(scene.node), "title"),
        strip_line(scene, table.tally) if looked_at else (),
        _listing_notes(scene.node),
        _error(scene),
    )


def _below_tags(scene: Scene) -> list[Line]:
    reference = _reference(scene.node)
    return joined(_problems(scene), _hint(scene), [blank(), *reference] if reference else ())


def title(node: Node) -> str:
    """What the row is, in words: `linux/arm64 in 127.0.0.1:5005/sandbox:0.16-edge`."""
    top = node.top()
    if node.kind is Kind.SOURCE:
        return node.source.title
    if node.kind is Kind.REPOSITORY:
        return f"{node.label} in {node.source.title}"
    if top is None or top is node or node.repository is None:
        return node.label
    above = next(node.ancestors(), None)
    inner = f" of {above.label}" if above is not None and above is not top and node.kind in BLOB_KINDS else ""
    name = safe(node.repository)
    where = f"{name}:{safe(top.tag)}" if top.tag else f"{name}@{top.digest.short}" if top.digest else name
    return f"{node.label}{inner} in {where}"


def _reference(node: Node) -> list[Line]:
    if node.repository is None:
        return [value("source", node.source.title)] if node.kind is not Kind.SOURCE else []
    lines = []
    if node.tag is not None:
        lines.append(value("reference", safe(node.source.reference(node.repository, tag=node.tag))))
    elif node.kind is Kind.REPOSITORY:
        lines.append(value("repository", safe(node.source.reference(node.repository))))
    return lines


def _about(scene: Scene) -> list[Line]:
    node = scene.node
    lines: list[Line] = []
    if node.digest is not None:
        lines.append(digest_value("digest", node.digest))
    if node.media_type:
        lines.append(value("type", safe(media.describe(node.media_type))))
        if media.describe(node.media_type) != node.media_type and scene.width >= 60:
            lines.append(value("", safe(node.media_type), "dim"))
    if node.manifest is not None and node.manifest.artifact_type:
        lines.append(value("artifact", safe(node.manifest.artifact_type)))
    lines.extend(_sizes(node))
    if node.platform is not None:
        lines.append(value("platform", str(node.platform)))
    lines.extend(_tags(node))
    if node.config is not None and node.config.created is not None:
        moment = node.config.created
        lines.append(value("created", f"{age(moment)}, {moment:%Y-%m-%d %H:%M:%S %Z}".strip()))
    if node.subject is not None:
        lines.append(digest_value("describes", node.subject, go=True))
    if node.kind in MANIFEST_KINDS | BLOB_KINDS:
        lines.append(presence_line(scene.observed.observation(node), scene.glyphs))
    if node.kind in MANIFEST_KINDS and node.load is not Load.IDLE:
        rollup = scene.observed.rollup(node)
        if rollup.label:
            role = rollup.worst.words.role
            line = value("below", f"{scene.glyphs.of(rollup.worst)} {rollup.label}", role)
            if old := how_old(rollup.oldest):
                line.put(f"  oldest answer {old}", "dim")
            lines.append(line)
    if node.descriptor is not None:
        lines.extend(value("url", safe(url, limit=500), "info") for url in node.descriptor.urls[:20])
    if node.note not in ("", "index", "image", kind_cell(node)):  # what it is stands beside "type"
        lines.append(value("note", scene.keys.put_in(node.note) if node.kind is Kind.MORE else node.note))
    if node.listing is not None:
        lines.extend(_listing(node))
    if node.manifest is not None:
        lines.extend(Line(hang=2).put(f"{scene.glyphs.dot} {warning}", "warn") for warning in node.manifest.warnings)
    return lines


def _tags(node: Node) -> list[Line]:
    """The other tags of the repository that are known to point to the same digest now."""
    if node.kind not in MANIFEST_KINDS or node.digest is None:
        return []
    repository = next((row for row in node.ancestors() if row.kind is Kind.REPOSITORY), None)
    if repository is None:
        return []
    same = [
        row for row in repository.children if row.kind is Kind.TAG and row is not node and row.digest == node.digest
    ]
    if not same:
        return []
    line = Line(hang=LABEL).put(f"{'tags':<{LABEL - 1}} ", "label")
    for number, row in enumerate(same[:12]):
        line.put(", " if number else "").put(row.label, "plain", Target("node", row.key))
    if len(same) > 12:
        line.put(f" and {len(same) - 12} more", "dim")
    return [line.put(f" ha{'s' if len(same) == 1 else 've'} the same digest", "dim")]


def _sizes(node: Node) -> list[Line]:
    if node.kind in BLOB_KINDS:
        exact = node.size
        return [value("size", size(exact) + (f"  ({exact:,} bytes)" if exact and exact >= 1000 else ""))]
    if (manifest := node.image_manifest) is not None:
        parts = image_parts(manifest, "statement" if node.kind is Kind.ATTESTATION else "layer")
        return [value("size", f"{size(image_size(manifest))} in {parts} (manifest {size(manifest.size)})")]
    if node.index is not None:
        entries = plural(len(node.index.entries), "entry", "entries")
        return [value("size", f"{entries} (index {size(node.index.size)})")]
    return [value("size", f"manifest {size(node.size)}")] if node.size is not None else []


def _listing(node: Node) -> list[Line]:
    listing = node.listing
    assert listing is not None
    noun = "repository" if node.kind is Kind.SOURCE else "tag"
    nouns = "repositories" if node.kind is Kind.SOURCE else None
    more = "" if listing.complete else ", and more not loaded"
    lines = [value("holds", plural(len(listing.names), noun, nouns) + more)]
    return [*lines, *_listing_notes(node), value("sorted by", listing.order)]


def _listing_notes(node: Node) -> list[Line]:
    listing = node.listing
    assert listing is not None
    lines = []
    if listing.filter:
        lines.append(
            value("filter", f"“{safe(listing.filter)}”: {plural(listing.matching, 'match', 'matches')}", "mark")
        )
    if listing.note:
        lines.append(value("note", listing.note, "warn"))
    return lines


def _error(scene: Scene) -> list[Line]:
    error = scene.node.error
    if error is None:
        return []
    role = error.presence.words.role
    sentence, fix = error.sentence, error.fix
    told = next((each for each in scene.findings if _about_row(scene, each)), None)
    if error.presence is Presence.MISSING and told is not None:
        sentence, fix = told.message, scene.keys.put_in(told.fix)
    lines = [blank(), Line(hang=2).put(f"{scene.glyphs.of(error.presence)} ", role).put(sentence, role)]
    if fix:
        lines.append(prose(f"  {fix}", hang=2))
    return lines


def _about_row(scene: Scene, finding: Finding) -> bool:
    """Whether a finding says that the row itself is not there, or why nobody knows: `_error` does."""
    error = scene.node.error
    told = error is not None and (error.presence is Presence.MISSING or error.presence.undetermined)
    return told and finding.node_key == scene.node.key


def _notices(scene: Scene) -> list[Line]:
    """What is to be known of a registry: logins that did not help, what it warns of."""
    lines = [Line(hang=2).put("! ", "warn").put(text, "warn") for text in scene.notices]
    return [blank(), *lines] if lines else []


def _problems(scene: Scene) -> list[Line]:
    findings = [finding for finding in scene.findings if not _about_row(scene, finding)]
    if not findings:
        return []
    lines = [blank()]
    for finding in findings[:4]:
        role = SEVERITY_ROLE[finding.severity]
        line = Line(hang=2).put(f"{SEVERITY_MARK[finding.severity]} ", role)
        lines.append(line.put(finding.message, "plain", Target("node", finding.node_key)))
        if tags := named_tags(finding):
            line.put(f" ({tags})", "dim")
    more = len(findings) - 4
    if more > 0:
        lines.append(Line().put(f"  and {plural(more, 'more finding')}: see the Findings tab", "dim"))
    return lines


def _hint(scene: Scene) -> list[Line]:
    node = scene.node
    if node.load is Load.IDLE and node.expandable and node.error is None:
        key = scene.keys.first("open")
        return [blank(), Line().put(key, "key-cap").put(" loads the contents.", "dim")]
    if node.load is Load.STOPPED:
        key = scene.keys.first("refresh")
        return [blank(), Line().put("Stopped. ", "warn").put(key, "key-cap").put(" retries.")]
    unknown = node.kind in MANIFEST_KINDS and scene.observed.rollup(node).worst.undetermined
    if unknown and node.load is Load.READY and (why := scene.observed.why_not_unasked(node.top() or node)):
        line = Line().put(f"Not checked automatically: {why}. ", "warn").put(scene.keys.first("check"), "key-cap")
        return [blank(), line.put(" checks everything below.", "dim")]
    return []


def _annotations(node: Node) -> list[Line]:
    lines: list[Line] = []
    if node.manifest is not None:
        lines += pairs("Annotations", sorted(node.manifest.annotations.items()))
    if node.descriptor is not None and node.descriptor.annotations:
        lines += pairs("Annotations of its index entry", sorted(node.descriptor.annotations.items()))
    return lines


def nothing(text: str) -> Lines:
    """A page that only says why it is empty."""
    return page(blank(), prose(text, "dim"))


def on_disk(sections: Sequence[Section] | None) -> list[Line]:
    """The lines below the summary; None while the disk is still read."""
    if sections is None:
        return [blank(), prose("Reading the disk…", "dim")]
    lines: list[Line] = []
    for section in sections:
        lines += [blank(), Line(hang=2).put(section.title[:1].upper() + section.title[1:], "head")]
        lines += [prose(f"  {line}", "plain", hang=4) for line in section.lines[:_MOST_ON_DISK]]
        if (more := len(section.lines) - _MOST_ON_DISK) > 0:
            lines.append(prose(f"  and {plural(more, 'more line')}: `fanfold check` prints them all.", "dim", hang=4))
    return lines


def statement_head(statement: Statement) -> list[Line]:
    """The lines of the brief."""
    lines = [heading("Statement")]
    for label, text in statement_facts(statement):
        shown = safe(label, limit=60)
        line = value(shown, safe(text, limit=2000)) if len(shown) < 11 else Line(hang=11).put(f"{shown} ", "label").put(
            safe(text, limit=2000)
        )  # fmt: skip
        lines.append(line)
    return lines
