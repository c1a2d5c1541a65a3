"""The finding codes: how bad each is, what it is called, where it comes from, what fixes it, and what it means.

The texts are `resources/findings.toml`. The sentences about one particular object are made in `findings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tui.resources import records


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst, for sorting."""
        return ("error", "warning", "info").index(self.value)


#: The fix of a name that leads nowhere: there is nothing yet that could be recreated.
NOT_THERE = "Check the name and the tag, or push the image; opening the repository shows the tags that it has."


@dataclass(frozen=True, slots=True)
class Code:
    """One record of `findings.toml`, whose head says what each field is for."""

    code: str
    severity: Severity
    title: str
    cause: str
    fix: str
    what: tuple[str, ...]
    why: str
    specs: tuple[str, ...]
    action: str | None = None


@cache
def codes() -> Mapping[str, Code]:
    """Every code, the worst first. Read when there is a finding: what is well needs no file."""
    return records("findings.toml", Code)
