"""Image configs: how the image runs and how its layers were made (OCI image-spec, config.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tui.oci import strict_json
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest, MalformedDocument
from tui.oci.platform import Platform
from tui.text import safe

CONFIG_LIMIT = 4 * 1024 * 1024
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,12}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_LOOSE_TIME = re.compile(r"[ tz]")
_SHELLS = ("/bin/sh -c ", "cmd /S /C ")
_SHELL_IN_RUN = re.compile(r"(?:RUN )?(?:\|[0-9]+ .*?)?(?:/bin/sh -c|cmd /S /C) ", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One step of the build, as it was recorded: raw text."""

    created: datetime | None = None
    created_by: str = ""
    comment: str = ""
    author: str = ""
    empty_layer: bool = False

    @property
    def command(self) -> str:
        """The step as a Dockerfile would say it, in one line of safe text; empty when nothing was recorded."""
        return safe(prettify(self.created_by) or " ".join(self.comment.split()), limit=2000)


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image config says. All text is raw; `warnings` are safe and name fields that could not be read."""

    raw: bytes = field(repr=False)
    document: Mapping[str, Any] = field(repr=False, hash=False)
    created: datetime | None = None
    architecture: str = ""
    os: str = ""
    variant: str | None = None
    os_version: str | None = None
    author: str = ""
    user: str = ""
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    workdir: str = ""
    stop_signal: str = ""
    diff_ids: tuple[Digest, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    misfits: tuple[tuple[str, str], ...] = ()
    """The fields that are not as the specification says, each with what it should be: ("config.Env", "a list of text").
    Those that were read all the same are among them. Safe."""
    warnings: tuple[str, ...] = ()

    @property
    def platform(self) -> Platform | None:
        """The platform that the config claims; None when it names neither system nor architecture."""
        if not self.os and not self.architecture:
            return None
        return Platform(self.os, self.architecture, self.variant, self.os_version)

    def commands(self, layer_count: int) -> tuple[str | None, ...]:
        """The command that made each of `layer_count` layers, as safe text.

        History entries that made no layer are left out; when the rest are not exactly as many as the layers, nothing
        tells which belongs to which, and all are None.
        """
        made = [entry for entry in self.history if not entry.empty_layer]
        if len(made) != layer_count:
            return (None,) * layer_count
        return tuple(entry.command or None for entry in made)


def decode_config(raw: bytes) -> ImageConfig:
    """Read an image config, at most 4 MiB. Fields of a wrong type are left out and named in `warnings`; a document
    that is no JSON object raises MalformedDocument."""
    warnings: list[str] = []
    try:
        document = strict_json.loads(raw, limit=CONFIG_LIMIT)
    except strict_json.AmbiguousDocument as error:
        document = error.document
        warnings.append(f"The config is ambiguous: {error}.")
    if not isinstance(document, dict):
        raise MalformedDocument("", "The document is not a JSON object, so not an image config.")
    misfits: list[tuple[str, str]] = []
    read = _Reader(misfits, warnings)
    run = read.mapping(document, "config")
    rootfs = read.mapping(document, "rootfs")
    return ImageConfig(
        raw=raw,
        document=document,
        created=read.moment(document, "created"),
        architecture=read.text(document, "architecture"),
        os=read.text(document, "os"),
        variant=read.text(document, "variant") or None,
        os_version=read.text(document, "os.version") or None,
        author=read.text(document, "author"),
        user=read.text(run, "User", "config."),
        entrypoint=read.words(run, "Entrypoint", "config."),
        cmd=read.words(run, "Cmd", "config."),
        env=read.words(run, "Env", "config.") or (),
        labels=read.labels(run),
        ports=tuple(read.mapping(run, "ExposedPorts", "config.")),
        volumes=tuple(read.mapping(run, "Volumes", "config.")),
        workdir=read.text(run, "WorkingDir", "config."),
        stop_signal=read.text(run, "StopSignal", "config."),
        diff_ids=read.diff_ids(rootfs),
        history=read.history(document),
        misfits=tuple(misfits),
        warnings=tuple(warnings),
    )


class _Reader:
    """Takes fields out of a document; a field of a wrong type counts as absent and leaves a warning."""

    def __init__(self, misfits: list[tuple[str, str]], warnings: list[str]) -> None:
        self._misfits = misfits
        self._warnings = warnings

    def _odd(self, field: str, wanted: str) -> None:
        self._misfit(field, wanted)
        self._warnings.append(f"{safe(field, limit=100)} is not {wanted}; it is left out.")

    def _misfit(self, field: str, wanted: str) -> None:
        self._misfits.append((safe(field, limit=100), wanted))

    def mapping(self, document: Mapping[str, Any], key: str, prefix: str = "") -> Mapping[str, Any]:
        value = document.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self._odd(prefix + key, "an object")
        return {}

    def text(self, document: Mapping[str, Any], key: str, prefix: str = "") -> str:
        value = document.get(key)
        if isinstance(value, str):
            return value
        if value is not None:
            self._odd(prefix + key, "text")
        return ""

    def words(self, document: Mapping[str, Any], key: str, prefix: str = "") -> tuple[str, ...] | None:
        value = document.get(key)
        if isinstance(value, str):
            self._misfit(prefix + key, "a list of text")
            return (value,)  # very old images have a plain command line here
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if value is not None:
            self._odd(prefix + key, "a list of text")
        return None

    def labels(self, run: Mapping[str, Any]) -> Mapping[str, str]:
        labels = self.mapping(run, "Labels", "config.")
        good = {key: value for key, value in labels.items() if isinstance(value, str)}
        for key in labels.keys() - good.keys():
            self._odd(f"config.Labels.{key}", "text")
        return good

    def moment(self, document: Mapping[str, Any], key: str, prefix: str = "") -> datetime | None:
        value = document.get(key)
        if value is None:
            return None
        moment = parse_time(value) if isinstance(value, str) else None
        if moment is None:
            self._odd(prefix + key, "a time")
        elif _LOOSE_TIME.search(value):
            self._misfit(prefix + key, "a time with a T in it")  # clients of containers in Go read no other
        return moment

    def diff_ids(self, rootfs: Mapping[str, Any]) -> tuple[Digest, ...]:
        values = self.words(rootfs, "diff_ids", "rootfs.") or ()
        try:
            return tuple(Digest.parse(value) for value in values)
        except MalformedDigest:
            self._odd("rootfs.diff_ids", "a list of digests")
            return ()

    def history(self, document: Mapping[str, Any]) -> tuple[HistoryEntry, ...]:
        entries = document.get("history")
        if entries is None:
            return ()
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._odd("history", "a list of objects")
            return ()
        found = []
        for position, entry in enumerate(entries):
            prefix = f"history[{position}]."
            found.append(
                HistoryEntry(
                    self.moment(entry, "created", prefix),
                    self.text(entry, "created_by", prefix),
                    self.text(entry, "comment", prefix),
                    self.text(entry, "author", prefix),
                    entry.get("empty_layer") is True,
                )
            )
        return tuple(found)


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time, to the microsecond; None when the text is none (a 60th second, year 0, a zone of 99 h)."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hours, zone_minutes = match.groups()
    zone = UTC
    try:
        if sign:
            offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            zone = timezone(-offset if sign == "-" else offset)
        micros = int((fraction or "0")[:6].ljust(6, "0"))
        return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, zone)
    except ValueError:
        return None


def prettify(created_by: str) -> str:
    """A history entry's `created_by` as a Dockerfile instruction in one line (not made safe).

    The classic builder wrote `/bin/sh -c #(nop)  CMD ["sh"]` for what is no command, and `/bin/sh -c apt-get …`
    for one; BuildKit writes `RUN /bin/sh -c apt-get … # buildkit`.
    """
    text = created_by.strip().removesuffix("# buildkit").strip()
    for shell in _SHELLS:
        rest = text.removeprefix(shell)
        if rest is not text and rest.lstrip().startswith("#(nop)"):
            return " ".join(rest.lstrip().removeprefix("#(nop)").split())
    match = _SHELL_IN_RUN.match(text)
    if match is not None:
        text = "RUN " + text[match.end() :]
    return " ".join(text.replace("\\\n", " ").split())
