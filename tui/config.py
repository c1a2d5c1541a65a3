"""The settings: defaults, then the configuration file (TOML), then the command line.

A key that is not known, a value of the wrong type or out of bounds is an error that names the file and the key: a
setting that silently does nothing (`read-only = true`) is worse than none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from tui.registry.settings import HostSettings
from tui.regular_file import read_regular
from tui.text import safe

Clipboard = Literal["auto", "native", "osc52"]

MOST_CONCURRENCY = 256
# Terminals send these as backspace, tab, enter and newline, so they can never be told apart from those keys.
_UNUSABLE_KEYS = {"ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+j": "newline"}


class ConfigError(Exception):
    """A configuration that cannot be used; the text is a safe, complete sentence that names file and key."""

    def __init__(self, sentence: str) -> None:
        super().__init__(safe(sentence, limit=1000))


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user decided, from all places together."""

    theme: str = "auto"
    """A name of a theme, or "auto"."""
    ascii: bool = False
    read_only: bool = False
    concurrency: int = 64
    """Requests under way per host at most, 1 to 256."""
    bookmarks: tuple[str, ...] = ()
    """Sources to open when none is named."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action to key, or to several keys with commas between, in Textual's spelling."""
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)
    ca: Path | None = None
    """A PEM file to trust for every host."""
    tls_on_loopback: bool = False
    """That file was named on the command line: loopback hosts are asked by TLS too, unless `plain_http` is set."""
    log: Path | None = None
    cache: bool = True
    """Whether manifests and configs that were read are kept on disk, and asked for by HEAD alone the next time."""
    cache_folder: Path | None = None
    """Where; None: the place for it on this system."""
    recent: bool = True
    """Whether the list of what was opened is kept, for the page to begin with."""
    clipboard: Clipboard = "auto"
    file: Path | None = None
    """The configuration file that was read, if any."""
    browser: bool = False
    """Whether the screen is drawn in somebody's browser (`fanfold serve`), who is not at this machine."""

    def host(self, registry: str) -> HostSettings:
        """What was decided for this host; the defaults if nothing was."""
        return self.hosts.get(registry.lower(), HostSettings())

    def with_host(self, registry: str, **changes: Any) -> Settings:
        """The same, with these fields of one host's settings changed."""
        name = registry.lower()
        return replace(self, hosts={**self.hosts, name: replace(self.host(name), **changes)})


def default_path() -> Path:
    """Where the configuration file is looked for, such as ~/.config/fanfold/config.toml."""
    from platformdirs import user_config_path  # late: only those who load a configuration pay for it

    return user_config_path("fanfold", appauthor=False) / "config.toml"


#: Nobody writes a configuration of more bytes.
_LIMIT = 1 << 20


def load(path: Path | None = None) -> Settings:
    """The settings of this file, or of the default one, which may be missing. Raises ConfigError."""
    file = default_path() if path is None else path
    try:
        raw = read_regular(file, _LIMIT)
    except (FileNotFoundError, NotADirectoryError):  # the second: HOME=/dev/null
        if path is None:
            return Settings()
        raise ConfigError(f"The configuration file {file} does not exist.") from None
    except OSError as error:
        raise ConfigError(f"The configuration file {file} cannot be read: {error.strerror or error}.") from None
    import tomllib  # late, like all that only a configuration file needs: the first frame waits for this module

    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: the file is not UTF-8 text (byte {error.start:,}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: this is not TOML: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{file}: nested too deep.") from None
    return _Table(file, "", document).settings()


class _Table:
    """One table of the file: takes out values of the right type, and complains about what is left."""

    def __init__(self, file: Path, where: str, values: Mapping[str, Any]) -> None:
        self._file = file
        self._where = where
        self._left = dict(values)

    def settings(self) -> Settings:
        settings = Settings(
            theme=self.text("theme", "auto"),
            ascii=self.flag("ascii"),
            read_only=self.flag("read_only"),
            concurrency=self.count("concurrency") or 64,
            bookmarks=self.texts("bookmarks"),
            keys=self.keys(),
            hosts=self.hosts(),
            ca=self.path("ca"),
            log=self.path("log"),
            cache=self.flag("cache", True),
            cache_folder=self.path("cache_folder"),
            recent=self.flag("recent", True),
            clipboard=cast(Clipboard, self.choice("clipboard", get_args(Clipboard))),
            file=self._file,
        )
        self.finish()
        return settings

    def error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._file}: {self._where}{key}: {problem}.")

    def finish(self) -> None:
        for key in self._left:
            hint = key.replace("-", "_")
            known = hint != key and hint in (*Settings.__slots__, *HostSettings.__slots__)
            raise self.error(key, f"unknown setting{f'; write {hint}' if known else ''}")

    def _take(self, key: str, kind: type, wanted: str) -> Any:
        value = self._left.pop(key, None)
        if value is not None and type(value) is not kind:
            raise self.error(key, f"must be {wanted}")
        return value

    def text(self, key: str, default: str = "") -> str:
        value = self._take(key, str, "text in quotes")
        return default if value is None else cast(str, value)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._take(key, bool, "true or false")
        return default if value is None else cast(bool, value)

    def count(self, key: str) -> int | None:
        value = cast("int | None", self._take(key, int, "a whole number"))
        if value is not None and not 1 <= value <= MOST_CONCURRENCY:
            raise self.error(key, f"must be between 1 and {MOST_CONCURRENCY}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._take(key, list, "a list of text") or []
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, "must be a list of text")
        return tuple(values)

    def path(self, key: str) -> Path | None:
        """A path; a relative one counts from the folder of the configuration file."""
        value = self.text(key)
        return self._file.parent / os.path.expanduser(value) if value else None

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key, choices[0])
        if value not in choices:
            raise self.error(key, f"must be one of {', '.join(choices)}")
        return value

    def table(self, key: str) -> Mapping[str, Any]:
        return self._take(key, dict, f"a table, [{key}]") or {}

    def keys(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for action, value in self.table("keys").items():
            names = [value] if isinstance(value, str) else value
            if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
                raise self.error(f"keys.{action}", "must be a key, or a list of keys, as text")
            for name in ",".join(names).split(","):
                if name.strip().lower() in _UNUSABLE_KEYS:
                    other = _UNUSABLE_KEYS[name.strip().lower()]
                    raise self.error(f"keys.{action}", f"terminals send {name.strip()} as {other}; use another key")
            found[action] = ",".join(name.strip() for name in names)
        return found

    def hosts(self) -> dict[str, HostSettings]:
        found: dict[str, HostSettings] = {}
        hosts = self.table("hosts")
        if not hosts:
            return found
        from tui.oci.errors import MalformedReference
        from tui.oci.reference import parse_registry

        for name, value in hosts.items():
            try:
                host = parse_registry(name)
            except MalformedReference as error:
                raise self.error(f'hosts."{name}"', str(error).rstrip(".")) from None
            if not isinstance(value, dict):
                raise self.error(f'hosts."{name}"', f'must be a table, [hosts."{name}"]')
            table = _Table(self._file, f'hosts."{name}".', value)
            found[host.lower()] = HostSettings(
                plain_http=table.flag("plain_http"),
                tls=table.flag("tls"),
                insecure=table.flag("insecure"),
                ca=table.path("ca"),
                read_only=table.flag("read_only"),
                concurrency=table.count("concurrency"),
                head=table.flag("head", True),
            )
            table.finish()
        return found
