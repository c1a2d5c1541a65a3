"""Real programs that some tests drive. Where one is absent its tests are skipped, unless they must be there (CI)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

# Read when the tests are collected: each test runs without the FANFOLD variables
_REQUIRED = bool(os.environ.get("FANFOLD_REQUIRE_PEERS"))


def need(program: str) -> str:
    """Where `program` is; the test is skipped without it, or fails where FANFOLD_REQUIRE_PEERS is set."""
    found = shutil.which(program)
    if found is None:
        message = f"{program} is not installed"
        if _REQUIRED:
            pytest.fail(f"{message}, and FANFOLD_REQUIRE_PEERS is set")
        pytest.skip(message)
    return found


def run(
    *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, timeout: float = 40
) -> subprocess.CompletedProcess[str]:
    """Run a peer and give back what it printed; never longer than `timeout` seconds."""
    return subprocess.run(
        [need(command[0]), *command[1:]],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        check=False,
    )
