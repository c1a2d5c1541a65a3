"""`--log FILE`: one line each, nothing that a terminal obeys, clear when it cannot be written."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.config import ConfigError
from tui.explore.explorer import Explorer
from tui.logfile import LogFile
from tui.registry.trace import Trace, asking

MOMENT = datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=UTC)


def opened(path: Path) -> LogFile:
    return LogFile(path, now=lambda: MOMENT)


def test_requests_are_written_when_they_end_and_without_secrets(tmp_path: Path) -> None:
    log, trace = opened(tmp_path / "x.log"), Trace()
    log.follow(trace, Explorer())
    with asking("linux/\x1b[31marm64"):
        exchange = trace.opened(
            "GET", "https://u:secret@ghcr.io/v2/?scope=a&sig=secret", "ghcr.io", "/v2/", 2, wait=True
        )
    trace.sent(exchange)
    assert (tmp_path / "x.log").read_text() == ""
    exchange.status = 200
    trace.answered(exchange)
    failed = trace.opened("HEAD", "https://ghcr.io/v2/x", "ghcr.io", "/v2/x", 1, wait=False)
    trace.sent(failed)
    trace.broke(failed, "The connection was refused.")
    log.close()
    first, second = (tmp_path / "x.log").read_text().splitlines()
    assert first.startswith("2026-11-20T12:00:00.123Z  request   GET  https://")
    assert "  200  " in first and "attempt 2" in first and "for linux/\\x1b[31marm64" in first
    assert "secret" not in first
    assert "HEAD" in second and "  -  " in second and second.endswith("The connection was refused.")


def test_after_closing_nothing_is_written(tmp_path: Path) -> None:
    log, trace = opened(tmp_path / "x.log"), Trace()
    log.follow(trace, Explorer())
    log.close()
    exchange = trace.opened("GET", "https://ghcr.io/v2/", "ghcr.io", "/v2/", 1, wait=False)
    trace.sent(exchange)
    trace.answered(exchange)
    log.line("request", "x")
    assert (tmp_path / "x.log").read_text() == ""


def test_it_is_appended_to_and_private(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for word in ("one", "two"):
        log = opened(path)
        log.line("note", word, "", "a\nb")
        log.close()
    assert [line.split("  ", 1)[1] for line in path.read_text().splitlines()] == [
        "note      one  a\\x0ab",
        "note      two  a\\x0ab",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", [".", "no/such/folder.log", "a\0b"])
def test_a_file_that_cannot_be_written_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        LogFile(tmp_path / name)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_ends_the_log_and_not_the_program(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log")
    assert log._file is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, log._file)
    os.close(full)
    log.line("note", "x")
    assert "no longer written" in log.problem
    log.line("note", "y")
    log.close()
