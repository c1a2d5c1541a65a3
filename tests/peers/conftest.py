"""What the tests with real programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.real_registry import RealRegistry


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealRegistry]:
    """A real docker-registry, empty, with ways to build images in it; skipped with a reason where there is none."""
    registry = RealRegistry(tmp_path / "registry")
    registry.start()
    yield registry
    registry.stop()
