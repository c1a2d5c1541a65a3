"""The embedded registry on disk: what distribution would have written."""

from __future__ import annotations

from pathlib import Path

from tui.demo.gallery import build_gallery
from tui.demo.storage_folder import write_storage


def test_a_repository_is_links_and_the_bytes_are_kept_once(tmp_path: Path) -> None:
    store = build_gallery()
    root = write_storage(store, tmp_path, ("dockerfun", "dockerfun/amd64", "nothing-of-this-name"))
    parent, child = store.repositories["dockerfun"], store.repositories["dockerfun/amd64"]
    tag = root / "repositories/dockerfun/_manifests/tags/6b972be0/current/link"
    assert tag.read_text() == parent.tags["6b972be0"]
    for digest in child.blobs:
        hexes = digest.removeprefix("sha256:")
        assert (root / f"repositories/dockerfun/amd64/_layers/sha256/{hexes}/link").read_text() == digest
        assert not (root / f"repositories/dockerfun/_layers/sha256/{hexes}/link").exists()
        assert (root / f"blobs/sha256/{hexes[:2]}/{hexes}/data").read_bytes() == store.data[digest]
    for digest, stored in parent.manifests.items():
        hexes = digest.removeprefix("sha256:")
        assert (root / f"blobs/sha256/{hexes[:2]}/{hexes}/data").read_bytes() == stored.raw
    assert not (root / "repositories/nothing-of-this-name").exists()
