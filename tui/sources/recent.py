"""What was looked at before, with what was known of it then: a file of the user's alone, for the page to begin with.

It holds references, never what somebody typed, and so no login. Nothing here ever fails: a file that is missing, full,
read-only, broken or somebody else's holds nothing and takes nothing.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tui.oci.errors import OciError
from tui.regular_file import read_regular
from tui.sources.atomic_write import atomic_write
from tui.sources.presence import Presence
from tui.sources.spec import parse_source
from tui.text import safe, without_login

#: So many are kept, of a file of so many bytes; names and words of so many characters.
KEPT = 30
FILE_LIMIT = 256 * 1024
NAME_LIMIT = 1_000
WORDS_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Recent:
    """One place that was opened. `source` is a SOURCE that `parse_source` reads: raw text."""

    source: str
    when: datetime
    """When the answers were given that `words` are about; when it was opened, where there are none."""
    presence: Presence = Presence.UNCHECKED
    """What was known of it then, never of now."""
    words: str = ""
    """The same in a few words, safe: "arm64 broken", "25 tags"."""


def default_file() -> Path:
    """Where it is, such as ~/.local/state/fanfold/recent.json."""
    from platformdirs import user_state_path  # late, as for the configuration

    return user_state_path("fanfold", appauthor=False) / "recent.json"


class RecentSources:
    """The list in a file. Calls block for a moment: use a thread."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    @property
    def file(self) -> Path:
        """The file, which need not be there."""
        return self._file if self._file is not None else default_file()

    def read(self) -> tuple[Recent, ...]:
        """Everything that can be read, what was opened last first."""
        try:
            document = json.loads(read_regular(self.file, FILE_LIMIT))
        except (OSError, ValueError, RecursionError):
            return ()
        entries = document.get("recent") if isinstance(document, dict) else None
        found: dict[str, Recent] = {}
        for entry in entries[:KEPT] if isinstance(entries, list) else ():
            if (recent := _from_document(entry)) is not None:
                found.setdefault(recent.source, recent)
        return tuple(found.values())

    def add(self, opened: Iterable[Recent]) -> None:
        """Put these before what the file holds by now; the first of `opened` was opened last."""
        new = {each.source: each for each in opened if _usable(each.source)}
        if not new:
            return
        # What was opened again and not looked into keeps the word that was known.
        for each in self.read():
            if each.source not in new or (not new[each.source].words and each.words):
                new[each.source] = each
        document = {"version": 1, "recent": [_to_document(each) for each in list(new.values())[:KEPT]]}
        raw = json.dumps(document, indent=1).encode()
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic_write(self.file, raw, beside=self.file.parent)


def _usable(source: str) -> bool:
    """Whether it is a SOURCE that may be kept."""
    if not source or len(source) > NAME_LIMIT or not source.isprintable() or without_login(source) != source:
        return False
    try:
        parse_source(source)
    except (OciError, ValueError, OSError):
        return False
    return True


def _to_document(recent: Recent) -> dict[str, str]:
    return {
        "source": recent.source,
        "when": recent.when.isoformat(timespec="seconds"),
        "presence": recent.presence.value,
        "words": recent.words[:WORDS_LIMIT],
    }


def _from_document(entry: Any) -> Recent | None:
    if not isinstance(entry, Mapping) or not all(isinstance(entry.get(name), str) for name in ("source", "when")):
        return None
    words = entry.get("words")
    try:
        when = datetime.fromisoformat(entry["when"])
        presence = Presence(str(entry.get("presence")))
    except ValueError:
        return None
    if not _usable(entry["source"]):
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    return Recent(entry["source"], when, presence, safe(words, limit=WORDS_LIMIT) if isinstance(words, str) else "")
