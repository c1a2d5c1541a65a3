"""Docker's local lists as `docker manifest create` leaves them, without docker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tui.demo.images import Image
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.docker_lists import entry_file, stored_name


def write_list(folder: Path, name: str, images: Mapping[str, Image]) -> None:
    """The list `name` of these images, by the references that held them when it was made. `folder` is the
    `manifests` folder."""
    for text, image in images.items():
        reference, raw = Reference.parse(text), image.manifest.raw
        platform = Platform.from_document(image.entry()["platform"])
        held = Descriptor(image.manifest.media_type, Digest.of(raw), len(raw), platform)
        place = folder / stored_name(str(Reference.parse(name)))
        place.mkdir(parents=True, exist_ok=True)
        (place / stored_name(str(reference))).write_bytes(entry_file(reference, held, raw))
