"""The fixtures of composing, for `fanfold create`."""

from __future__ import annotations

from tests.compose.conftest import rig, served

__all__ = ["rig", "served"]
