"""Tags that tools make of a digest: the list of referrers for registries without an API for them, and what cosign puts
beside an image. They are no images, whatever their manifests look like. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from tui.explore.listing import is_digest_tag
from tui.explore.node import Node
from tui.oci.digest import Digest
from tui.oci.reference import fallback_tag
from tui.text import safe

_SUFFIXES = {"sig": "the cosign signature", "att": "the cosign attestations", "sbom": "the SBOM attached by cosign"}


@dataclass(frozen=True, slots=True)
class DigestTag:
    """What such a tag is. All texts are safe."""

    about: str
    """The digest that it is made of, short."""
    what: str
    """In a sentence: "the cosign signature"."""
    lists: bool = False
    """Whether it is the list of referrers."""

    @property
    def name(self) -> str:
        """In a sentence: "the cosign signature of sha256:…"."""
        return f"{self.what} of {self.about}"


def digest_tag(tag: str | None) -> DigestTag | None:
    """What a tag is by its name; None for one that somebody chose."""
    if tag is None or not is_digest_tag(tag):
        return None
    algorithm, _, rest = tag.partition("-")
    encoded, _, suffix = rest.partition(".")
    about = f"{algorithm}:{encoded[:12]}…"
    if not suffix:
        return DigestTag(about, "the list of referrers", lists=True)
    return DigestTag(about, _SUFFIXES.get(suffix, f"an attachment .{safe(suffix, limit=40)}"))


def signature_tag(digest: Digest) -> str:
    """The tag under which cosign keeps the signature of an object where it writes no referrer."""
    return f"{fallback_tag(digest)}.sig"


def made_by_a_tool(row: Node) -> DigestTag | None:
    """The same for the tag that a row is, or lies below."""
    top = row if row.tag is not None else next((above for above in row.ancestors() if above.tag is not None), None)
    return digest_tag(top.tag) if top is not None else None
