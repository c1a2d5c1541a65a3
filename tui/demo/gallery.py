"""The gallery: everything that the embedded registry shows, made in memory, the same every time.

Each exhibit says which findings a check of it must report, and in a sentence what it teaches; the tests hold the
checker to that.
"""

from __future__ import annotations

from typing import Final

from tui.demo.access import Rules
from tui.demo.exhibits import crowds, faults, hello, stories
from tui.demo.exhibits.exhibit import Exhibit
from tui.demo.exhibits.stories import docker_manifests
from tui.demo.store import Store

__all__ = ["GALLERY", "Exhibit", "build_gallery", "docker_manifests"]

GALLERY: Final[tuple[Exhibit, ...]] = (*hello.EXHIBITS, *stories.EXHIBITS, *faults.EXHIBITS, *crowds.EXHIBITS)


def build_gallery(store: Store | None = None) -> Store:
    """A store with every exhibit in it; into `store`, if one is given. Takes well under a second."""
    store = store or Store()
    store.rules = Rules(ping=True)
    for group in (hello, stories, faults, crowds):
        group.build(store)
    return store
