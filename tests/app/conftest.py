"""What makes a test of the screen cheap."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True, scope="session")
def cheap_screens() -> Iterator[None]:
    """The app makes the collector walk everything once and keeps it from doing so again: here that would be all tests.

    Textual's pilot waits until the process rests, twice for each key, and looks only every 0.02 s. What it waits for
    with the frames of the screen (0.016 s) is still over after two looks.
    """
    with pytest.MonkeyPatch.context() as patch:
        nothing = SimpleNamespace(collect=lambda: 0, freeze=lambda: None, unfreeze=lambda: None)
        patch.setattr("tui.app.main.gc", nothing)
        patch.setattr("textual._wait.SLEEP_GRANULARITY", 0.01)
        yield
