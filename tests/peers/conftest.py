"""What the tests with real programs share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.real_registry import RealRegistry
from tests.support.workshop import Workshop


@pytest.fixture
def real_registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A real docker-registry, empty; skipped with a reason where there is none."""
    registry = RealRegistry(tmp_path / "registry")
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Workshop]:
    """The same, with ways to build images in it."""
    workshop = Workshop(tmp_path / "workshop")
    workshop.start()
    yield workshop
    workshop.stop()
