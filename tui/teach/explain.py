"""Explain: a row of the tree or a finding in plain words, with its neighbours and the place in the specification."""

from __future__ import annotations

from collections.abc import Iterator

from tui.explore.finding import Finding, codes
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci.attestation import is_attestation
from tui.oci.manifest import ImageManifest
from tui.teach.explanation import Explanation, Knows, Link, bytes_of, platform_of, presence_sentence, specs
from tui.teach.kinds import words_of
from tui.text import capital, plural, safe

#: How many rows are looked at for others that refer to the same object, and how many of them are named.
_LOOK_AT = 20_000
_NAME = 12

_OBJECTS = MANIFEST_KINDS | BLOB_KINDS


def explain(node: Node, knows: Knows) -> Explanation:
    """What this row is, what is known of it, its neighbours, and where it is defined. Asks nothing; raises nothing."""
    title, paragraphs, why, where = words_of(node)
    if node.kind in _OBJECTS and node.digest is not None:
        paragraphs += (presence_sentence(node, knows.observation(node)),)
    if node.error is not None and node.kind is not Kind.FAULT:
        paragraphs += (f"Could not be read: {node.error.sentence} {node.error.fix}".strip(),)
    return Explanation(
        title,
        paragraphs,
        why,
        where,
        refers_to=tuple(_refers_to(node)),
        referred_by=tuple(_referred_by(node)),
    )


def explain_finding(finding: Finding) -> Explanation:
    """What a finding means, how it comes about, whom it hurts, and what fixes it."""
    code = codes()[finding.code]
    paragraphs = [finding.message]
    left, right = finding.facts
    if left and right:
        paragraphs.append(f"The two facts behind it: {left}; {right}.")
    elif left or right:
        paragraphs.append(f"The fact behind it: {left or right}.")
    if finding.digest is not None and str(finding.digest) not in finding.message:
        about = f" of {safe(finding.platform)}" if finding.platform else ""
        paragraphs.append(f"The object{about}: {finding.digest}")
    title = f"{capital(code.title)} ({finding.code}, {finding.severity})"
    return Explanation(
        title, (*paragraphs, *code.what), code.why, specs(code.specs), fix=finding.fix, action=finding.action or ""
    )


def _refers_to(node: Node) -> Iterator[Link]:
    """What this object points to: read from its bytes, with the rows that stand for it where they exist."""
    rows = {child.digest: child for child in node.children if child.digest is not None}
    index = node.index
    if index is not None:
        for entry in index.entries[:_NAME]:
            row = rows.get(entry.digest)
            about = safe(str(entry.platform)) if entry.platform is not None else "an entry without a platform"
            if is_attestation(entry):
                about = "an attestation"
            yield Link(f"{about}, {bytes_of(entry.size)}", entry.digest, row)
        if len(index.entries) > _NAME:
            yield Link(f"and {plural(len(index.entries) - _NAME, 'more entry', 'more entries')}")
    elif isinstance(node.manifest, ImageManifest):
        if node.manifest.config is not None:
            config = node.manifest.config
            yield Link(f"config, {bytes_of(config.size)}", config.digest, rows.get(config.digest))
        for number, layer in enumerate(node.manifest.layers[:_NAME], start=1):
            yield Link(f"layer {number}, {bytes_of(layer.size)}", layer.digest, rows.get(layer.digest))
        if len(node.manifest.layers) > _NAME:
            yield Link(f"and {plural(len(node.manifest.layers) - _NAME, 'more layer')}")
    manifest = node.manifest
    if manifest is not None and manifest.subject is not None:
        yield Link("its subject", manifest.subject.digest, rows.get(manifest.subject.digest))
    elif node.subject is not None and manifest is None:
        yield Link("the image that it describes", node.subject, rows.get(node.subject))


def _referred_by(node: Node) -> Iterator[Link]:
    """What points to this object, as far as the tree shows: its parent, and every other row for the same digest."""
    if node.digest is None or node.kind not in _OBJECTS:
        return
    named = 0
    for other in _same(node):
        link = _referring(other, node)
        if link is None:
            continue
        if named == _NAME:
            yield Link("and others")
            return
        named += 1
        yield link


def _referring(other: Node, node: Node) -> Link | None:
    """The one end of the reference that made `other` a row; None for what only its own name leads to."""
    if other.kind is Kind.TAG:
        return None if other is node else Link(f"tag {safe(other.tag or other.label)}", None, other)
    if other.kind is Kind.REFERRER:
        subject = other.subject or next((above.digest for above in other.ancestors() if above.digest is not None), None)
        return Link("the registry's list of referrers of its subject", subject)
    above = other.parent
    if other.kind is Kind.ATTESTATION:
        # It hangs below the platform that it describes, but what names it is the index.
        above = next((each for each in other.ancestors() if each.is_index), above)
    if above is None or above.kind not in _OBJECTS:
        return None
    return Link(_name(above), above.digest, above)


def _same(node: Node) -> Iterator[Node]:
    """Rows for the same digest in the same repository, this one first."""
    yield node
    top = next((above for above in (node, *node.ancestors()) if above.kind is Kind.REPOSITORY), None)
    if top is None:
        return
    for count, other in enumerate(top.walk()):
        if count >= _LOOK_AT:
            return
        if other is not node and other.digest == node.digest and other.kind in _OBJECTS:
            yield other


def _name(above: Node) -> str:
    """How a row that refers to something is called in a list."""
    match above.kind:
        case Kind.TAG:
            return f"tag {safe(above.tag or above.label)}"
        case Kind.MANIFEST:
            return f"the image for {platform_of(above) or 'an unnamed platform'}"
        case Kind.ATTESTATION:
            return "an attestation"
        case Kind.INDEX:
            return "an index"
        case Kind.REFERRER:
            return "a referrer"
        case _:
            return f"{above.kind.value} {above.label}".strip()
