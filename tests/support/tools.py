"""What the tools are called that a registry is looked at with."""

from __future__ import annotations

from tui.tools.table import SEVEN, table

TOOLS = tuple(table().tools[tool].name for tool in SEVEN)
CURL, DOCKER, BUILDX, CRANE, ORAS, REGCTL, SKOPEO = TOOLS
