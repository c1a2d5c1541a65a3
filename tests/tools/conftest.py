"""The fixtures of composing and of teaching: plans on an empty registry, rows of the served gallery."""

from __future__ import annotations

from tests.compose.conftest import rig, served
from tests.teach.conftest import gallery, stand

__all__ = ["gallery", "rig", "served", "stand"]
