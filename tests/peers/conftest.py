"""What the tests with real programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workshop import Workshop


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Workshop]:
    """A real docker-registry, empty, with ways to build images in it; skipped with a reason where there is none."""
    workshop = Workshop(tmp_path / "workshop")
    workshop.start()
    yield workshop
    workshop.stop()
