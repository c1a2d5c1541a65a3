from __future__ import annotations

import subprocess
import sys

import pytest

import tui.oci


def test_every_public_name_is_there() -> None:
    for name in tui.oci.__all__:
        assert getattr(tui.oci, name).__name__ == name
        assert name in dir(tui.oci)
    assert set(tui.oci._HOME_OF) == set(tui.oci.__all__)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = tui.oci.Nonsense


def test_a_digest_does_not_wait_for_statements() -> None:
    script = "import sys; from tui.oci import Digest; print(*[name for name in sys.modules if name.startswith('tui.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert set(done.stdout.split()) == {"tui.oci", "tui.oci.digest", "tui.oci.errors", "tui.text"}
