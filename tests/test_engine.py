"""The engine that every front shares: sources by what is typed, one for each place."""

from __future__ import annotations

import importlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tui.config import ConfigError, Settings
from tui.engine import Engine, client_settings, connect, open_engine
from tui.explore.node import Kind
from tui.oci.errors import MalformedReference
from tui.registry.settings import HostSettings
from tui.sources.base import SourceError


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = await connect(Settings(log=tmp_path / "x.log", hosts={"lan": HostSettings(insecure=True)}))
    yield made
    await made.aclose()


def test_what_the_client_is_told(tmp_path: Path) -> None:
    hosts = {"lan": HostSettings(plain_http=True)}
    told = client_settings(Settings(hosts=hosts, concurrency=3, read_only=True, ca=tmp_path))
    assert (told.hosts, told.concurrency, told.read_only, told.ca) == (hosts, 3, True, tmp_path)


@pytest.mark.parametrize(
    ("text", "default_tag", "kind", "label"),
    [
        ("localhost:5000", False, Kind.SOURCE, "localhost:5000"),
        ("localhost:5000/app", False, Kind.REPOSITORY, "app"),
        ("localhost:5000/app", True, Kind.TAG, "latest"),
        ("localhost:5000/app:1", False, Kind.TAG, "1"),
        ("ubuntu", False, Kind.REPOSITORY, "library/ubuntu"),
    ],
)
async def test_a_text_becomes_a_row_and_nothing_is_asked(
    engine: Engine, text: str, default_tag: bool, kind: Kind, label: str
) -> None:
    node = await engine.open(text, default_tag=default_tag)
    assert (node.kind, node.label) == (kind, label)
    assert engine.trace.count == 0


async def test_one_source_for_each_place(engine: Engine) -> None:
    one, other = await engine.open("localhost:5000/app:1"), await engine.open("LOCALHOST:5000/app:2")
    assert one.source is other.source
    assert len(engine.explorer.roots) == 1
    assert (await engine.open("localhost:5001/app:1")).source is not one.source
    assert (await engine.open("localhost:5000/app:1")) is one


async def test_what_cannot_be_opened_says_so(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(MalformedReference):
        await engine.open("Ubuntu")
    with pytest.raises(SourceError):
        await engine.open(f"oci:{tmp_path / 'none'}")
    assert engine.explorer.roots == []


async def test_the_screen_is_told_who_is_not_verified(engine: Engine) -> None:
    assert engine.insecure == ("lan",)


async def test_the_log_is_opened_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        open_engine(Settings(log=tmp_path))


async def test_requests_and_failures_reach_the_log(engine: Engine, tmp_path: Path) -> None:
    node = await engine.open("127.0.0.1:1/app:1")
    await engine.explorer.open(node)
    text = (tmp_path / "x.log").read_text()
    assert "request   GET  http://127.0.0.1:1/v2/app/manifests/1" in text
    assert "failed    1  " in text


async def test_one_that_fails_to_close_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await connect(Settings(log=tmp_path / "x.log"))
    one, other = await made.open("localhost:5000/app:1"), await made.open("localhost:5001/app:1")
    closed: list[str] = []

    async def fail() -> None:
        raise OSError("no")

    async def close() -> None:
        closed.append("other")

    monkeypatch.setattr(other.source, "aclose", fail)
    monkeypatch.setattr(one.source, "aclose", close)
    with pytest.raises(OSError, match="no"):
        await made.aclose()
    assert closed == ["other"]
    assert made.log is not None
    before = (tmp_path / "x.log").read_bytes()
    made.log.line("request", "after the end")
    assert (tmp_path / "x.log").read_bytes() == before


async def test_what_a_first_login_needs_is_imported_in_the_thread_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the screen would stand still while the first registry asks who we are."""
    imported: list[tuple[str, bool]] = []

    def record(name: str) -> None:
        imported.append((name, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr(importlib, "import_module", record)
    await (await connect(Settings())).aclose()
    assert {"tui.registry.client", "tui.registry.login", "tui.registry.httpx_library"} <= {name for name, _ in imported}
    assert not any(on_the_loop for _, on_the_loop in imported)
