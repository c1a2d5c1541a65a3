"""The gallery: everything that the embedded registry shows, made in memory, the same every time.

Each sample says which findings a check of it must report, and in a sentence what it teaches; the tests hold the
checker to that.
"""

from __future__ import annotations

from typing import Final

from tui.demo.access import Rules
from tui.demo.samples import Sample, broken, crowds, hello, stories
from tui.demo.samples.stories import docker_manifests
from tui.demo.store import Store

__all__ = ["GALLERY", "Sample", "build_gallery", "docker_manifests"]

GALLERY: Final[tuple[Sample, ...]] = (*hello.SAMPLES, *stories.SAMPLES, *broken.SAMPLES, *crowds.SAMPLES)


def build_gallery(store: Store | None = None) -> Store:
    """A store with every sample in it; into `store`, if one is given. Takes well under a second."""
    store = store or Store()
    store.rules = Rules(ping=True)
    for group in (hello, stories, broken, crowds):
        group.build(store)
    return store
