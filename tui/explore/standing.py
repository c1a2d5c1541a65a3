"""How all the objects at and below a row stand: which of them findings have something to say on, and whether each is
known to be there. Pure over rows and what is known of them; cached by the tree, so that after an answer only the image
is looked at again that it is about, and not thousands of objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.rollup import HAVE, Look
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.manifest import OpaqueManifest
from tui.sources.presence import Observation, Presence

_OBJECTS = MANIFEST_KINDS | BLOB_KINDS
#: There is nothing to say of these, unless the observation has a code of its own.
_QUIET = frozenset({Presence.PRESENT, Presence.HASHED, Presence.UNCHECKED, Presence.CHECKING})
#: Rows whose documents were not followed.
_CUT_OFF = frozenset({"cycle", "too-deep", "invalid-manifest"})


@dataclass(frozen=True, slots=True)
class Standing:
    """That of all objects at and below one row."""

    troubled: tuple[Node, ...] = ()
    """The rows on which there is something to say, in the order of the screen."""
    whole: bool = True
    """Whether every object is known to be there: nothing missing, unread or cut off."""


Standings = Callable[[Node], Standing]


def standing(node: Node, look: Look, below: Standings) -> Standing:
    """That of `node`; `below` gives the (cached) ones of rows that have rows below them."""
    troubled: list[Node] = []
    whole = True
    for row in (node, *node.parts):
        if row is not node and row.kind is Kind.REFERRERS:
            continue  # no pull needs what refers to an image: it is told of at its own row
        if row is not node and (row.children or row.hidden):
            part = below(row)
            troubled += part.troubled
            whole = whole and part.whole
            continue
        observation = look(row)
        if _is_troubled(row, observation):
            troubled.append(row)
        whole = whole and is_whole(row, observation)
    return Standing(tuple(troubled), whole)


def standings(look: Look) -> Standings:
    """Those of rows without a cache."""
    return lambda node: standing(node, look, standings(look))


def _is_troubled(row: Node, observation: Observation) -> bool:
    if observation.presence in _QUIET and not observation.code:
        return False
    return row.kind in MANIFEST_KINDS or row.descriptor is not None


def is_whole(row: Node, observation: Observation) -> bool:
    """Whether what a row itself stands for is known to be there, read where it is a document, and followed."""
    if row.kind in _OBJECTS and observation.presence not in HAVE:
        return False
    if row.kind in BLOB_KINDS:
        return True
    if row.kind in MANIFEST_KINDS and row.held.load is not Load.READY:
        return False
    if row.kind is Kind.FAULT and row.code in _CUT_OFF:
        return False
    return not isinstance(row.manifest, OpaqueManifest) or harmless(row.manifest, row.descriptor)


def harmless(manifest: OpaqueManifest, descriptor: Descriptor | None) -> bool:
    """Whether a document that is not followed is just of a kind unknown to us, as its descriptor says too."""
    declared = descriptor.media_type if descriptor is not None else manifest.media_type
    return not media.is_manifest(manifest.media_type) and declared == manifest.media_type
