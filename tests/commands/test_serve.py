"""`fanfold serve` before anything is served: what is refused, and how."""

from __future__ import annotations

import sys

import pytest

from tui.cli import main


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", "0", *argv])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert not said.out
    return said.err


def test_what_is_malformed_is_said_before_a_page_is_opened(capsys: pytest.CaptureFixture[str]) -> None:
    assert "oci:" in refused(capsys, "oci:")
    assert "Name at most one lesson" in refused(capsys, "--demo", "a", "b")
    assert "--url" in refused(capsys, "--url", "fanfold.example")
    assert "port" in refused(capsys, "--port", "99999")


def test_without_the_library_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tui.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    said = refused(capsys)
    assert f"{sys.executable} -m pip install textual-serve" in said, "into the Python that runs, by the library's name"


def test_an_address_that_cannot_be_had_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "192.0.2.7", "--port", "8000"]) == 2
    said = capsys.readouterr()
    assert not said.out and "192.0.2.7 port 8000" in said.err and "--host" in said.err
