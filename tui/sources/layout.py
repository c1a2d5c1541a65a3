"""OCI image layouts: a folder, or a tar of one (OCI image-spec, image-layout.md)."""

from __future__ import annotations

from pathlib import Path

from tui.oci import media, strict_json
from tui.oci.descriptor import Descriptor
from tui.oci.digest import digest_or_name
from tui.oci.errors import MalformedDocument
from tui.oci.manifest import Index, decode
from tui.oci.strict_json import MANIFEST_LIMIT
from tui.sources.base import SourceError
from tui.sources.disk import Contents, DiskSource
from tui.sources.files import Files, Folder
from tui.sources.presence import Presence

REF_NAME = "org.opencontainers.image.ref.name"
#: What containerd and `docker save` add: the whole name, where ref.name is only the tag.
_FULL_NAME = "io.containerd.image.name"


def OciLayout(path: Path) -> DiskSource:
    """The layout in a folder. Raises SourceError when there is none."""
    return DiskSource(Folder(path), read_layout, "oci-layout")


def read_layout(files: Files) -> Contents:
    """What a layout names: one unnamed repository, whose tags are the entries' names, or their digests.

    Raises SourceError naming the file that is wrong.
    """
    _check_header(files)
    try:
        raw = files.read("index.json", MANIFEST_LIMIT)
        index = decode(raw, media.OCI_INDEX)
    except MalformedDocument as error:
        raise _broken(files, f"its index.json is malformed ({error})") from None
    except SourceError as error:
        if error.presence is Presence.MISSING:
            raise _broken(files, "it has no index.json") from None
        raise
    if not isinstance(index, Index):
        raise _broken(files, "its index.json is not an index")
    return Contents({"": _names(index.entries)})


def _check_header(files: Files) -> None:
    try:
        header = strict_json.loads(files.read("oci-layout", 64 * 1024))
    except SourceError as error:
        if error.presence is Presence.MISSING:
            raise _broken(files, "it has no file oci-layout") from None
        raise
    except MalformedDocument as error:
        raise _broken(files, f"its file oci-layout is malformed ({error})") from None
    version = header.get("imageLayoutVersion") if isinstance(header, dict) else None
    if not isinstance(version, str) or not version.startswith("1."):
        raise _broken(files, "its layout version is not 1.x")


def _names(entries: tuple[Descriptor, ...]) -> dict[str, Descriptor]:
    named: dict[str, Descriptor] = {}
    for entry in entries:
        name = entry.annotations.get(REF_NAME) or entry.annotations.get(_FULL_NAME) or str(entry.digest)
        if digest_or_name(name) is not None:
            name = str(entry.digest)  # a name that is the digest of something else would be asked for in its place
        # Two entries of one name: the first keeps it, the others are named by their digests.
        named.setdefault(name if name not in named else str(entry.digest), entry)
    return named


def _broken(files: Files, why: str) -> SourceError:
    return SourceError(
        Presence.UNREACHABLE, f"{files.title} is no OCI layout: {why}.", code="no-layout", fix="Check the path."
    )
