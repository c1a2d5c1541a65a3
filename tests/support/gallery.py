"""The embedded registry with its gallery, built once for all tests of a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.demo.store import Snapshot, Store


@cache
def gallery() -> Snapshot:
    """What is in the gallery: every registry starts with a copy."""
    return build_gallery().snapshot()


@contextmanager
def served() -> Iterator[Served]:
    """The gallery on loopback."""
    store = Store()
    store.restore(gallery())
    running = Served.start(store)
    try:
        yield running
    finally:
        # The server notices within 0.2 s that it shall end: the next test does not wait for it.
        threading.Thread(target=running.stop, daemon=True).start()
