"""A hermetic environment: no test sees the developer's settings, credentials, proxies or terminal."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from textual.app import App

_UNSET = (
    "NO_COLOR",
    "FORCE_COLOR",
    "COLORTERM",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REGISTRY_AUTH_FILE",
    "DOCKER_AUTH_CONFIG",
    "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS",
    "TMUX",
    "STY",
    "TERM_PROGRAM",
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "SSH_TTY",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "PYTHONDONTWRITEBYTECODE",  # a program that a test starts need not be compiled each time
    "PYTHONUNBUFFERED",  # nor does a user's write each piece at once
)

# On a build server the same examples every time, so that a change is judged by its own merits; elsewhere new ones.
# No deadline anywhere: how long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("build-server", derandomize=True, deadline=None)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("build-server" if os.environ.get("CI") else "desk")


def pytest_configure() -> None:
    """A run that was started in the background ignores SIGINT, and so would every program that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are cores: many tests wait for a server, and nothing else would be done meanwhile."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What exists before the first test stays: the collector need not walk thousands of tests again and again, which
    was two fifths of the time of every test of the screen."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_sessionfinish() -> None:
    """pytest walks everything that is left five times to find what nobody awaited: once is enough for what it finds."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def fast_means_fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without the mark `slow` starts no process and no app."""
    if request.node.get_closest_marker("slow") is not None:
        return

    def refused(*_: Any, **__: Any) -> Any:
        pytest.fail("a test that starts a process or boots the app needs the mark `slow`")

    monkeypatch.setattr(subprocess.Popen, "__init__", refused)
    monkeypatch.setattr(App, "run_test", refused)
    monkeypatch.setattr(App, "run_async", refused)


@pytest.fixture(autouse=True)
def hermetic(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of this test, empty; everything that a program looks up by the environment is below it."""
    home = tmp_path_factory.mktemp("home")
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.startswith(("TEXTUAL", "FANFOLD")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DOCKER_CONFIG", str(home / ".docker"))
    for name, folder in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_RUNTIME_DIR", ".run"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    return home
