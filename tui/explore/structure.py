"""What the documents of an image say that clients refuse or stumble over, though every object is there. Pure: compares
what was read already, and asks nothing. What each client does is data, in `findings.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.explore.digest_tags import made_by_a_tool
from tui.explore.finding import codes
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.oci import media
from tui.oci.config import ImageConfig
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest
from tui.oci.manifest import ImageManifest, Index, OpaqueManifest
from tui.oci.platform import Platform
from tui.text import plural, safe

#: The client whose refusal means that an image cannot be pulled: Docker and most of Kubernetes are built on it.
PULLS = "containerd"
#: Docker as it was by default until version 29: with a storage driver, and not the image store of containerd.
OLD_DOCKER = "Docker without its image store"
#: Programs of one library, which unpacks; skopeo is of the same and only copies.
_PODMAN = ("podman", "buildah")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong in the documents of a row. All texts are safe."""

    code: str
    reason: str
    """After "it cannot be pulled: …" or "the image of linux/arm64: …"."""
    facts: tuple[str, str] = ("", "")
    spared: tuple[str, ...] = ()
    """Clients that take this one, though they refuse others of its code."""

    @property
    def refused_by(self) -> tuple[str, ...]:
        """The clients that were seen to refuse it."""
        return tuple(name for name in codes()[self.code].refused_by if name not in self.spared)

    @property
    def taken_by(self) -> tuple[str, ...]:
        """Those that were seen to take it."""
        return tuple(name for name in codes()[self.code].taken_by if name not in self.refused_by)


def flaws(row: Node) -> Iterator[Flaw]:
    """Everything that is wrong in the entry of a row, its manifest and its config, as far as they were read."""
    if row.kind not in MANIFEST_KINDS:
        return
    yield from _of_entry(row)
    yield from _of_document(row)
    manifest = row.image_manifest
    if manifest is not None and _is_image(row, manifest):
        yield from _of_image(row, manifest)
    elif manifest is not None and _is_taken_for_image(row, manifest):
        said = safe(manifest.config.media_type if manifest.config is not None else "", limit=120)
        if said:
            yield Flaw("not-an-image", f"its config is of type {said}, which no client runs", (f"config: {said}", ""))
        else:
            facts = ("config: no media type", "")
            yield Flaw("not-an-image", "its config has no media type", facts, spared=(OLD_DOCKER,))


def refusal(row: Node) -> Flaw | None:
    """Why a row cannot be pulled though everything is there; None when that is not known of it. What is wrong with the
    index that it lies in counts, too."""
    own = next((flaw for flaw in flaws(row) if PULLS in flaw.refused_by), None)
    if own is not None or row.kind not in (Kind.MANIFEST, Kind.INDEX):
        return own
    return next(
        (flaw for above in row.ancestors() if above.is_index for flaw in _of_header(above) if PULLS in flaw.refused_by),
        None,
    )


def refusing(row: Node) -> tuple[str, ...]:
    """The clients that refuse the image of a row though everything is there: also for the index that it lies in."""
    above = [each for each in row.ancestors() if each.is_index]
    nested = []
    if row.kind in (Kind.MANIFEST, Kind.INDEX) and len(above) > 1:
        followed = all(_crane_follows(each, row) for each in above[:-1])
        named = all(each.descriptor is not None and each.descriptor.platform is not None for each in above[:-1])
        spared = ("crane", "oras") if followed and named else ("crane",) if followed else ()
        nested = [Flaw("nested-index", "", spared=spared)]
    served = [flaw for each in above for flaw in _of_header(each)]
    return tuple(dict.fromkeys(name for flaw in [*flaws(row), *nested, *served] for name in flaw.refused_by))


def _crane_follows(index: Node, row: Node) -> bool:
    """Whether crane comes to a row through this nested index: by the platform of its entry, and one that names none is
    for linux/amd64."""
    named = index.descriptor.platform if index.descriptor is not None else None
    return row.platform is not None and (named or Platform("linux", "amd64")).same_as(row.platform)


def _of_entry(row: Node) -> Iterator[Flaw]:
    """What the index says of it, if it is an entry of one."""
    entry = row.descriptor
    if row.kind not in (Kind.MANIFEST, Kind.INDEX) or entry is None or row.parent is None or not row.parent.is_index:
        return
    if _is_odd(entry) and (row.manifest is None or isinstance(row.manifest, OpaqueManifest)):
        said = safe(entry.media_type, limit=120) or "no type"
        yield Flaw("not-a-manifest", f"its entry is not a manifest but {said}", (f"entry: {said}", "not a manifest"))
    elif row.manifest is not None and not isinstance(row.manifest, OpaqueManifest):
        yield from _of_entry_type(row, entry)
    platform = entry.platform
    if platform is not None and not platform.os and platform.architecture not in ("", "unknown"):
        yield Flaw("no-system", "its entry names no operating system", (f"platform: {platform}", ""))
    elif platform is not None and platform.is_partial:
        lacks = "architecture" if platform.architecture in ("", "unknown") else "operating system"
        yield Flaw("no-architecture", f"its entry names no {lacks}", (f"platform: {platform}", ""))


def _of_entry_type(row: Node, entry: Descriptor) -> Iterator[Flaw]:
    """What its entry calls it: nothing, or an index where it is an image. `findings` tells of every difference."""
    index = isinstance(row.manifest, Index)
    if not entry.media_type:
        yield Flaw("media-type-mismatch", "its entry names no media type", spared=("crane",))
    elif media.is_manifest(entry.media_type) and media.is_index(entry.media_type) is not index:
        said, there = ("an image", "an index") if index else ("an index", "an image")
        yield Flaw("media-type-mismatch", f"its entry says {said}, but it is {there}")
    elif media.normalise(entry.media_type) != media.normalise(row.media_type):
        yield Flaw("media-type-mismatch", "its entry names another media type", spared=(PULLS,))


def _is_odd(entry: Descriptor) -> bool:
    """Whether clients come to an entry that is no manifest: for its platform, or because it is a part of an image. An
    artifact of another type without a platform is passed over, and allowed."""
    if media.is_manifest(entry.media_type):
        return False
    part = media.is_layer(entry.media_type) or media.is_image_config(entry.media_type)
    return part or (entry.platform is not None and not entry.platform.is_unknown)


def _of_document(row: Node) -> Iterator[Flaw]:
    manifest = row.manifest
    if not isinstance(manifest, Index | ImageManifest):
        return
    version = manifest.document.get("schemaVersion")
    if type(version) is not int or version != 2:
        said = "no schemaVersion" if version is None else f"schemaVersion {safe(str(version), limit=40)}"
        yield Flaw("schema-version", f"it has {said}; only 2 is valid", (said, "schemaVersion 2"))
    yield from _of_header(row)
    odd = next(((place, text) for place, text in _types(manifest) if not media.is_well_formed(text)), None)
    if odd is not None:
        place, text = odd
        yield Flaw("malformed-media-type", f"{place} is “{safe(text, limit=80)}”, not a media type")


def _of_header(row: Node) -> Iterator[Flaw]:
    """What the registry calls it, and what it calls itself."""
    manifest = row.manifest
    if not isinstance(manifest, Index | ImageManifest):
        return
    served, body = manifest.served_as, manifest.document.get("mediaType")
    if not served and _is_asked_for_by_name(row):
        yield Flaw(
            "content-type-mismatch", "it is served under a type that is not a manifest's", ("Content-Type: none", "")
        )
    if not served or not isinstance(body, str) or not body or body.lower() == served:
        return
    header, own = safe(served, limit=120), safe(body, limit=120)
    spared: tuple[str, ...] = ()
    if media.is_index(served) is media.is_index(body):
        # Of one kind: skopeo holds Docker's type for an image to the document, and no other. Under OCI's type podman
        # refuses Docker's config, too.
        config = manifest.config if isinstance(manifest, ImageManifest) else None
        spared = (PULLS,)
        if served != media.DOCKER_MANIFEST:
            of_docker = config is not None and config.media_type == media.DOCKER_CONFIG
            spared = (PULLS, "skopeo") if of_docker else (PULLS, "skopeo", *_PODMAN)
        if media.is_index(served):
            spared = (*spared, "oras")
    yield Flaw(
        "content-type-mismatch",
        f"it is served as {header}, its document says {own}",
        (f"header: {header}", f"document: {own}"),
        spared,
    )


def _is_asked_for_by_name(row: Node) -> bool:
    """Whether nothing but the registry's header tells a client what this is: it lies in no index."""
    place = row.source.capabilities
    listed = row.parent is not None and row.parent.is_index
    return not listed and not place.on_disk and place.stored_lists is None


def _types(manifest: Index | ImageManifest) -> Iterator[tuple[str, str]]:
    """Every media type that a document names, with the first place in each list; one that is absent is none."""
    if manifest.document.get("artifactType"):
        yield "artifactType", str(manifest.document["artifactType"])
    parts: list[tuple[str, Sequence[Descriptor]]]
    if isinstance(manifest, Index):
        parts = [("manifests", manifest.entries)]
    else:
        parts = [("layers", manifest.layers)]
        if manifest.config is not None and manifest.config.media_type:
            yield "config.mediaType", manifest.config.media_type
    for key, entries in parts:
        met: set[str | None] = {None, ""}  # a hundred layers are of a few types
        for position, entry in enumerate(entries):
            if entry.media_type not in met:
                met.add(entry.media_type)
                yield f"{key}[{position}].mediaType", entry.media_type
            if entry.artifact_type not in met and entry.artifact_type:
                met.add(entry.artifact_type)
                yield f"{key}[{position}].artifactType", entry.artifact_type


def _is_image(row: Node, manifest: ImageManifest) -> bool:
    """Whether this is an image that runs: no attestation, and no artifact of another kind."""
    return (
        row.kind in (Kind.MANIFEST, Kind.TAG)
        and made_by_a_tool(row) is None
        and manifest.config is not None
        and media.is_image_config(manifest.config.media_type)
        and not manifest.document.get("artifactType")
        and not manifest.is_attestation
    )


def _is_taken_for_image(row: Node, manifest: ImageManifest) -> bool:
    """Whether clients that look for an image come to it, by the platform of its entry, though its config is none."""
    entry = row.descriptor
    return (
        row.kind is Kind.MANIFEST
        and entry is not None
        and entry.platform is not None
        and not entry.platform.is_unknown
        and not manifest.is_attestation
        and manifest.config is not None
        and not media.is_image_config(manifest.config.media_type)
    )


#: The fields of a config that containerd reads as text to find out what the image is for.
_TEXTS = ("architecture", "os", "os.version", "variant")


def _of_image(row: Node, manifest: ImageManifest) -> Iterator[Flaw]:
    # Images of a hundred layers have them of a few types, and this is asked for each image again and again.
    types = {layer.media_type for layer in manifest.layers}
    if unknown := {each for each in types if not media.is_layer(each)}:
        strange = [place for place, layer in enumerate(manifest.layers) if layer.media_type in unknown]
        said = safe(manifest.layers[strange[0]].media_type, limit=120)
        more = f" (and {plural(len(strange) - 1, 'other layer')})" if len(strange) > 1 else ""
        of = f"is of unknown type, {said}" if said else "has no media type"
        yield Flaw("unknown-layer-type", f"layer {strange[0] + 1}{more} {of}", (said or "no media type", ""))
    if secret := {each for each in types if media.is_encrypted(each)}:
        sealed = [place for place, layer in enumerate(manifest.layers) if layer.media_type in secret]
        more = f" and {plural(len(sealed) - 1, 'other layer')}" if len(sealed) > 1 else ""
        verb = "are" if more else "is"
        yield Flaw("encrypted-layer", f"layer {sealed[0] + 1}{more} {verb} encrypted; unpacking takes a key")
    if not manifest.layers:
        yield Flaw("no-layers", "it has no layers")
    config = row.config
    if config is None:
        unread = next((child for child in row.children if child.kind is Kind.CONFIG and child.error is not None), None)
        if unread is not None and unread.error is not None and unread.error.code == "invalid-config":
            # Of these podman takes one that is `null`, as if it were empty.
            yield Flaw("invalid-config", "its config cannot be parsed", (unread.error.sentence, ""), spared=_PODMAN)
        return
    odd = next((key for key in _TEXTS if not isinstance(config.document.get(key) or "", str)), None)
    if odd is not None:
        yield Flaw("invalid-config", f"its config's field {odd} is not text", (odd, ""))
    root = config.document.get("rootfs")
    named = root.get("diff_ids") if isinstance(root, dict) else None
    ids = named if isinstance(named, list) else []
    if len(ids) != len(manifest.layers):
        # podman needs one for each layer, or none at all.
        needless = named is None or len(ids) > len(manifest.layers)
        yield Flaw(
            "layer-count",
            f"its config names {plural(len(ids), 'layer')}, its manifest {len(manifest.layers)}",
            (f"config: {plural(len(ids), 'diff_id')}", f"manifest: {plural(len(manifest.layers), 'layer')}"),
            spared=_PODMAN if needless else (),
        )
    # The config has them as digests when every one of them is one; this is asked for each row several times.
    read = len(config.diff_ids) == len(ids)
    malformed = next((each for each in ids if not _is_digest(each)), None) if not read else None
    if malformed is not None:
        yield Flaw("malformed-digest", f"its config names the layer “{safe(str(malformed), limit=80)}”, not a digest")
    # Of its layers other flaws tell.
    misfits = [each for each in config.misfits if not each[0].startswith("rootfs")] if odd is None else []
    if misfits:
        place, wanted = misfits[0]
        more = f" (and {plural(len(misfits) - 1, 'other field')})" if len(misfits) > 1 else ""
        # Docker reads a command line that is one text.
        spared = (OLD_DOCKER,) if all(_is_one_text(config, each) for each, _ in misfits) else ()
        reason = f"its config's field {place} is not {wanted}{more}"
        yield Flaw("malformed-config", reason, (place, wanted), spared)
    if manifest.config is not None and manifest.config.media_type == media.DOCKER_CONFIG and _is_oci(manifest):
        yield Flaw("mixed-config", "it is an OCI manifest, and its config is of Docker's type")
    bare = [word for word in config.env if word.find("=") < 1]
    if bare:
        shown = safe(bare[0], limit=80)
        more = f" (and {plural(len(bare) - 1, 'other')})" if len(bare) > 1 else ""
        yield Flaw("malformed-env", f"its environment has “{shown}”{more}, not NAME=VALUE", (shown, ""))


def _is_one_text(config: ImageConfig, place: str) -> bool:
    """Whether a field is a command line that is one text, and no list."""
    run = config.document.get("config")
    return place in ("config.Entrypoint", "config.Cmd") and isinstance(run, dict) and isinstance(run[place[7:]], str)


def _is_oci(manifest: ImageManifest) -> bool:
    """Whether everything that tells clients what this is says that it is OCI's."""
    body = manifest.document.get("mediaType")
    return {manifest.served_as or media.OCI_MANIFEST, body or media.OCI_MANIFEST} == {media.OCI_MANIFEST}


def _is_digest(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(Digest.parse(text))
    except MalformedDigest:
        return False


# Which entries of an index stand for a platform that somebody can ask for


def shadowed(index: Node) -> dict[Node, Node]:
    """The entries of an index that no client takes, each with the earlier one for the same platform."""
    first: dict[Platform, Node] = {}
    later: dict[Node, Node] = {}
    for child in index.children:
        platform = child.descriptor.platform if child.descriptor is not None else None
        if child.kind not in (Kind.MANIFEST, Kind.INDEX) or platform is None or platform.is_unknown:
            continue
        known = first.setdefault(platform.normalised(), child)
        if known is not child:
            later[child] = known
    return later


def skipped(index: Node) -> list[Node]:
    """The images of an index that no client takes by its tag, though none is for the same platform: of those that name
    no platform all but the first, and those for unknown/unknown that are beside others."""
    nameless = [child for child in index.children if _is_nameless_image(child)]
    unknown = [child for child in index.children if child.kind is Kind.MANIFEST and nobody_asks([child])]
    others = any(child.kind in (Kind.MANIFEST, Kind.INDEX) and not nobody_asks([child]) for child in index.children)
    return [*nameless[1:], *(unknown if others else ())]


def _is_nameless_image(row: Node) -> bool:
    entry, manifest = row.descriptor, row.image_manifest
    return (
        row.kind is Kind.MANIFEST
        and entry is not None
        and entry.platform is None
        and manifest is not None
        and _is_image(row, manifest)
    )


def passed_over(rows: Sequence[Node]) -> set[Node]:
    """The rows of all these rows' indexes that no client takes by the tag: another entry is taken before them, or none
    asks for them. Each index is looked at once, for there are indexes with thousands of entries."""
    parents = {row.parent for row in rows if row.parent is not None}
    within = {parent: [row for row in (parent, *parent.ancestors()) if row.is_index] for parent in parents}
    indexes = {index for above in within.values() for index in above}
    over = {row for index in indexes for row in (*shadowed(index), *skipped(index))}
    return over | {row for row in rows if row.parent is not None and not over.isdisjoint(within[row.parent])}


def nobody_asks(rows: Sequence[Node]) -> bool:
    """Whether no client would choose any of these entries: each says that it is for an unknown platform."""
    return all(
        row.descriptor is not None
        and row.descriptor.platform is not None
        and row.descriptor.platform.is_unknown
        and row.parent is not None
        and row.parent.is_index
        for row in rows
    )


_WORDS = re.compile(r", (?=[^,]*$)")


def clients(names: Sequence[str]) -> str:
    """Clients in a sentence: "skopeo, buildah and crane"."""
    return _WORDS.sub(" and ", ", ".join(names))
