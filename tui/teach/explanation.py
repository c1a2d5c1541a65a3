"""What an explanation is made of, and the few phrases that all of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from tui.explore.node import Kind, Node
from tui.oci import media
from tui.oci.digest import Digest
from tui.resources import fill, records
from tui.sources.presence import Observation
from tui.text import plural, safe, size


@dataclass(frozen=True, slots=True)
class Spec:
    """One place in a specification: "OCI image-spec, image-index.md, 'Image Index Property Descriptions'"."""

    name: str
    document: str
    section: str
    url: str

    def __str__(self) -> str:
        return f"{self.document}, '{self.section}'"


@cache
def _all() -> Mapping[str, Spec]:
    return records("specs.toml", Spec)


def specs(names: Iterable[str]) -> tuple[Spec, ...]:
    """The places with these names in `specs.toml`. Raises KeyError for a name that is not there."""
    return tuple(_all()[name] for name in names)


#: What a kind's words are made of: title, paragraphs, why it matters, where it is defined.
Words = tuple[str, tuple[str, ...], str, tuple[Spec, ...]]


class Knows(Protocol):
    """The part of the explorer that explanations ask: what is known of the object behind a node."""

    def observation(self, node: Node) -> Observation: ...


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a reference: what it is, in words, its digest, and its row in the tree where there is one."""

    text: str
    digest: Digest | None = None
    node: Node | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One object or finding in plain words; all text is safe to show as it is.

    `paragraphs` say what it is and what is known of it, `why` says why it matters; `refers_to` and `referred_by` are
    its neighbours; `specs` is where it is defined; `fix` says what to do about a finding and `action` is the
    id of the action that does it ("" for a node). Texts name keys as `{key:ACTION}`.
    """

    title: str
    paragraphs: tuple[str, ...]
    why: str
    specs: tuple[Spec, ...]
    refers_to: tuple[Link, ...] = ()
    referred_by: tuple[Link, ...] = ()
    fix: str = ""
    action: str = ""


def bytes_of(count: int | None) -> str:
    """A size for a sentence: "5.6 MB (5,612,345 bytes)", "735 bytes", "an unknown size"."""
    if count is None:
        return "an unknown size"
    if count < 1000:
        return plural(count, "byte")
    return f"{size(count)} ({count:,} bytes)"


def digest_of(node: Node) -> str:
    """The node's digest, whole, for a sentence."""
    return str(node.digest) if node.digest is not None else "an unknown digest"


def type_of(node: Node) -> str:
    """The media type in words, safe."""
    return safe(media.describe(node.media_type), limit=120)


def tag_above(node: Node) -> Node | None:
    """The nearest tag row, beginning with the node itself."""
    return next((each for each in (node, *node.ancestors()) if each.kind is Kind.TAG), None)


def repository_of(node: Node) -> str:
    """The repository for a sentence, safe."""
    return safe(node.repository or "this repository")


def platform_of(node: Node) -> str:
    """The platform of the nearest row that has one, safe; "" where there is none."""
    for each in (node, *node.ancestors()):
        if each.platform is not None:
            return safe(str(each.platform))
        config = each.config
        if config is not None and each.kind in {Kind.TAG, Kind.MANIFEST} and config.platform is not None:
            return safe(str(config.platform))
    return ""


def presence_sentence(node: Node, observation: Observation) -> str:
    """What is known of the object in its repository, in one or two sentences, with the answer that it rests on."""
    values = {
        "source": safe(node.source.title),
        "where": f"repository {repository_of(node)}",
        "answer": safe(observation.detail) or None,
    }
    return fill(observation.presence.words.explained, values)
