"""What is started for each page, and what it is given."""

from __future__ import annotations

import pytest

from tui.commands.arguments import BROWSER_MARK, UsageError, read, settings_of
from tui.commands.serve import _url, child, warnings
from tui.config import Settings
from tui.web.child import environment
from tui.web.gate import Address


def started(*argv: str) -> list[str]:
    command, _, options = read(["serve", *argv])
    assert command == "serve"
    return child(options)[3:]


def test_it_is_read_only_unless_asked() -> None:
    assert started() == ["--read-only", "--"]
    assert started("ghcr.io/a/b", "oci:/x") == ["--read-only", "--", "ghcr.io/a/b", "oci:/x"]
    assert started("--writable", "a/b") == ["--", "a/b"]
    assert "--read-only" in started("--writable", "--read-only")


def test_a_source_is_never_an_option() -> None:
    assert started("--", "--writable", "demo") == ["--read-only", "--", "--writable", "demo"]


def test_options_go_on() -> None:
    given = ["--plain-http", "a:1", "--insecure", "b:2", "--ca", "c.pem", "--concurrency", "3", "--config", "d.toml"]
    assert started("--demo", *given, "--no-cache", "--ascii", "stale-list") == [
        "demo", *given[:4], *given[4:], "--no-cache", "--ascii", "--read-only", "--", "stale-list",
    ]  # fmt: skip


def test_the_program_reads_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BROWSER_MARK, "1")
    command, _, options = read(started("--demo", "--ascii", "stale-list"))
    settings = settings_of(options)
    assert command == "demo" and options.words == ["stale-list"]
    assert settings.browser and settings.read_only and settings.ascii
    monkeypatch.delenv(BROWSER_MARK)
    assert not settings_of(options).browser


def test_the_environment_is_what_it_needs_and_no_more() -> None:
    given = {
        "PATH": "/bin", "HOME": "/h", "DOCKER_CONFIG": "/d", "LC_ALL": "C", "XDG_CACHE_HOME": "/c", "https_proxy": "p",
        "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "80", "ROWS": "24",
        "TMUX": "/tmp/x", "STY": "1", "SSH_CONNECTION": "a", "DISPLAY": ":0", "TERM": "dumb", "GITHUB_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret", "CI_JOB_TOKEN": "secret", "PYTHONSTARTUP": "/x", "TEXTUAL": "debug,devtools",
    }  # fmt: skip
    made = environment(given, "MARK")
    assert "secret" not in made.values()
    assert not made.keys() & {"TMUX", "STY", "SSH_CONNECTION", "DISPLAY", "PYTHONSTARTUP", "TEXTUAL"}
    assert made["MARK"] == "1" and made["TERM"] == "xterm-256color"
    assert {"PATH", "HOME", "DOCKER_CONFIG", "LC_ALL", "XDG_CACHE_HOME", "https_proxy", "TEXTUAL_DRIVER"} <= made.keys()


def test_an_open_door_is_said() -> None:
    assert warnings(Address("127.0.0.1", 8000), False) == []
    plain = " ".join(warnings(Address("0.0.0.0", 8000), False))
    assert "other machines" in plain and "plain http" in plain and "ssh -L 8000:127.0.0.1:8000" in plain
    assert "plain http" not in " ".join(warnings(Address("0.0.0.0", 8000, "https://fanfold.example"), False))
    assert "push" in " ".join(warnings(Address("127.0.0.1", 8000), True))


@pytest.mark.parametrize(
    "url", ["fanfold.example", "ftp://x", "https://x/path", "https://u:p@x", "http://[", "https://x?y"]
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--url"):
        _url(url)
    assert _url("https://x.example:8443/") == "https://x.example:8443" and _url(None) == ""


def test_settings_say_so_by_themselves() -> None:
    assert not Settings().browser
