"""The configuration file: everything it can say, and every way to say it wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config import ConfigError, Settings, default_path, load
from tui.registry.settings import HostSettings


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_everything_it_can_say(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        theme = "textual-light"
        ascii = true
        read_only = true
        concurrency = 8
        bookmarks = ["ghcr.io/org/app", "localhost:5000"]
        log = "fanfold.log"
        cache = false
        cache_folder = "kept"
        ca = "/etc/ca.pem"
        clipboard = "osc52"

        [keys]
        copy-digest = "f5"
        open = ["enter", "f6"]

        [hosts."GHCR.io"]
        read_only = true
        concurrency = 4
        head = false

        [hosts."registry.lan:5000"]
        plain_http = true
        tls = true
        insecure = true
        ca = "lan.pem"
        """,
    )
    assert load(path) == Settings(
        theme="textual-light",
        ascii=True,
        read_only=True,
        concurrency=8,
        bookmarks=("ghcr.io/org/app", "localhost:5000"),
        keys={"copy-digest": "f5", "open": "enter,f6"},
        hosts={
            "ghcr.io": HostSettings(read_only=True, concurrency=4, head=False),
            "registry.lan:5000": HostSettings(plain_http=True, tls=True, insecure=True, ca=tmp_path / "lan.pem"),
        },
        ca=Path("/etc/ca.pem"),
        log=tmp_path / "fanfold.log",
        cache=False,
        cache_folder=tmp_path / "kept",
        clipboard="osc52",
        file=path,
    )


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    assert load(path) == Settings(file=path)


def test_the_default_file_may_be_missing_and_is_read_when_there(hermetic: Path) -> None:
    assert load() == Settings()
    assert default_path() == hermetic / ".config" / "fanfold" / "config.toml"
    default_path().parent.mkdir(parents=True)
    default_path().write_text("ascii = true")
    assert load().ascii


def test_home_is_expanded(tmp_path: Path, hermetic: Path) -> None:
    assert load(write(tmp_path, 'log = "~/x.log"')).log == hermetic / "x.log"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", "colour: unknown setting."),
        ("read-only = true", "read-only: unknown setting; write read_only."),
        ('ascii = "yes"', "ascii: must be true or false."),
        ("ascii = 1", "ascii: must be true or false."),
        ('cache = "no"', "cache: must be true or false."),
        ("theme = 5", "theme: must be text in quotes."),
        ("concurrency = true", "concurrency: must be a whole number."),
        ("concurrency = 0", "concurrency: must be between 1 and 256."),
        ("concurrency = 257", "concurrency: must be between 1 and 256."),
        ('bookmarks = "x"', "bookmarks: must be a list of text."),
        ("bookmarks = [1]", "bookmarks: must be a list of text."),
        ('clipboard = "x11"', "clipboard: must be one of auto, native, osc52."),
        ("keys = 1", "keys: must be a table, [keys]."),
        ("[keys]\nopen = 1", "keys.open: must be a key"),
        ('[keys]\nopen = " "', "keys.open: must be a key"),
        ('[keys]\nopen = "ctrl+i"', "keys.open: terminals send ctrl+i as tab"),
        ('[keys]\nopen = ["a", "b,ctrl+m"]', "keys.open: terminals send ctrl+m as enter"),
        ("hosts = []", "hosts: must be a table"),
        ('[hosts]\n"ghcr.io" = 1', 'hosts."ghcr.io": must be a table'),
        ('[hosts."https://u:p@ghcr.io"]', "user name or password"),
        ('[hosts."a/b"]', "is not a registry"),
        ('[hosts."ghcr.io"]\ntoken = "x"', 'hosts."ghcr.io".token: unknown setting.'),
        ('[hosts."ghcr.io"]\nplain-http = true', 'hosts."ghcr.io".plain-http: unknown setting; write plain_'),
        ('[hosts."ghcr.io"]\nhead = "no"', 'hosts."ghcr.io".head: must be true or false.'),
        ("a =", "this is not TOML"),
        ("a = 1\nb =\n", "line 2"),
        (b"a = '\xff'", "not UTF-8"),
        ("x = " + "[" * 5_000, "nested too deep"),
        ('"\\u001b[31m" = 1', "\\x1b[31m: unknown setting"),
    ],
)
def test_errors_name_the_file_and_the_key(tmp_path: Path, text: str | bytes, words: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml does not exist"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_hosts_are_changed_one_by_one() -> None:
    settings = Settings(hosts={"ghcr.io": HostSettings(head=False)})
    changed = settings.with_host("GHCR.io", insecure=True).with_host("lan:5000", plain_http=True)
    assert changed.host("ghcr.io") == HostSettings(head=False, insecure=True)
    assert changed.host("LAN:5000") == HostSettings(plain_http=True)
    assert changed.host("other") == HostSettings()
    assert settings.hosts == {"ghcr.io": HostSettings(head=False)}


def test_the_home_of_nobody_is_taken_as_it_stands(tmp_path: Path) -> None:
    assert (
        load(write(tmp_path, 'log = "~nobody-of-this-name/x.log"')).log == tmp_path / "~nobody-of-this-name" / "x.log"
    )
