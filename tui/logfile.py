"""`--log FILE`: every request and what became known, one line each, without secrets."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tui.config import ConfigError
from tui.explore.explorer import Explorer
from tui.explore.node import Load
from tui.explore.tree import CheckProgress, Event, NodeChanged, PresenceChanged
from tui.registry.trace import Exchange, Trace
from tui.regular_file import open_regular
from tui.text import safe

Now = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LogFile:
    """Appends to a file that only its owner can read. Raises ConfigError when the file cannot be written to.

    When writing fails later (a full disk), logging ends, `problem` says why, and the program goes on.
    """

    def __init__(self, path: Path, *, now: Now = _utc_now) -> None:
        self.path = path
        self.problem = ""
        self._now = now
        self._ends: list[Callable[[], None]] = []
        self._checks: set[str] = set()
        try:
            self._file: int | None = open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        except OSError as error:
            raise ConfigError(f"The log file {path} cannot be written: {error.strerror or error}.") from None
        except ValueError as error:  # a zero byte in the name
            raise ConfigError(f"The log file {path} cannot be written: {error}.") from None

    def follow(self, trace: Trace, explorer: Explorer) -> None:
        """Write what these tell from now on, until `close`."""
        self._ends.append(trace.subscribe(self.exchange))
        self._ends.append(explorer.subscribe(lambda event: self.event(event, explorer)))

    def exchange(self, exchange: Exchange) -> None:
        """One request, when it has ended. URL and error are redacted already."""
        if exchange.ms is None:
            return
        parts = [
            exchange.method,
            exchange.url,
            str(exchange.status or "-"),
            f"{exchange.ms:.0f} ms",
            f"{exchange.bytes_in} B in",
            f"{exchange.bytes_out} B out",
        ]
        if exchange.attempt > 1:
            parts.append(f"attempt {exchange.attempt}")
        if exchange.state == "abandoned":
            parts.append("abandoned")
        if exchange.asked_by:
            parts.append(f"for {exchange.asked_by}")
        if exchange.error:
            parts.append(exchange.error)
        self.line("request", *parts)

    def event(self, event: Event, explorer: Explorer) -> None:
        """One thing that became known."""
        if isinstance(event, PresenceChanged):
            seen = explorer.observations.get(event.source, event.repository, event.digest)
            self.line("presence", event.repository, str(event.digest), seen.presence.value, seen.detail)
        elif isinstance(event, NodeChanged) and event.node.load is Load.FAILED and event.node.error is not None:
            self.line("failed", event.node.label, event.node.error.sentence)
        elif isinstance(event, CheckProgress) and not event.running:
            self.line("checked", event.node.label, f"{event.done} of {event.total} objects")

    def line(self, kind: str, *parts: str) -> None:
        if self._file is None:
            return
        moment = self._now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        text = "  ".join(safe(part) for part in parts if part)
        try:
            os.write(self._file, f"{moment}  {kind:<8}  {text}\n".encode())  # whole lines, also with two writers
        except OSError as error:
            self.problem = f"The log file {safe(str(self.path))} is no longer written: {error.strerror or error}."
            self._shut()

    def close(self) -> None:
        for end in self._ends:
            end()
        self._ends.clear()
        self._shut()

    def _shut(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
