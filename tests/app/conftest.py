"""What makes a test of the screen cheap."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def cheap_screens() -> Iterator[None]:
    """The app lets the collector walk everything in a quiet moment: here that would be all tests.

    Textual's pilot waits until the process rests, twice for each key, and looks only every 0.02 s. What it waits for
    with the frames of the screen (0.016 s) is still over after two looks.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.app.garbage.WORTH", 1_000_000)
        patch.setattr("textual._wait.SLEEP_GRANULARITY", 0.01)
        yield
