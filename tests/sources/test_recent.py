"""What was opened before: a file that is bounded, private, and may be anything."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sources.presence import Presence
from tui.sources.recent import FILE_LIMIT, KEPT, Recent, RecentSources, default_file

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def recent(source: str, words: str = "", presence: Presence = Presence.UNCHECKED) -> Recent:
    return Recent(source, NOW, presence, words)


def test_what_was_opened_last_comes_first_and_each_once(tmp_path: Path) -> None:
    known = RecentSources(tmp_path / "state" / "recent.json")
    known.add([recent("ghcr.io/team/app:1.4", "arm64 broken", Presence.MISSING), recent("localhost:5005")])
    known.add([recent("docker.io/library/ubuntu"), recent("localhost:5005", "3 repositories")])
    assert [each.source for each in known.read()] == [
        "docker.io/library/ubuntu",
        "localhost:5005",
        "ghcr.io/team/app:1.4",
    ]
    assert known.read()[2] == recent("ghcr.io/team/app:1.4", "arm64 broken", Presence.MISSING)


def test_what_was_only_opened_again_keeps_what_was_known(tmp_path: Path) -> None:
    known = RecentSources(tmp_path / "recent.json")
    known.add([recent("ghcr.io/team/app:1.4", "arm64 broken", Presence.MISSING), recent("quay.io/other/one:2")])
    later = Recent("ghcr.io/team/app:1.4", NOW + timedelta(hours=1))
    known.add([later])
    assert known.read()[0] == recent("ghcr.io/team/app:1.4", "arm64 broken", Presence.MISSING)


def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    known = RecentSources(tmp_path / "state" / "recent.json")
    known.add([recent("private.example/secret/app:1")])
    assert stat.S_IMODE(known.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(known.file.parent.stat().st_mode) == 0o700


def test_no_login_is_kept(tmp_path: Path) -> None:
    known = RecentSources(tmp_path / "recent.json")
    known.add([recent("https://me:hunter2@registry.example/app:1"), recent("me:hunter2@registry.example/app:1")])
    assert not known.read() and (not known.file.exists() or "hunter2" not in known.file.read_text())


def test_it_is_bounded(tmp_path: Path) -> None:
    known = RecentSources(tmp_path / "recent.json")
    known.add(recent(f"example.com/app:{number}", "w" * 10_000) for number in range(1_000))
    assert len(known.read()) == KEPT and all(len(each.words) <= 61 for each in known.read())
    assert known.file.stat().st_size < FILE_LIMIT


@pytest.mark.parametrize("kind", ["folder", "pipe", "huge", "deep", "not JSON", "a list", "nothing in it"])
def test_a_file_that_is_something_else_holds_nothing(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "recent.json"
    match kind:
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case "huge":
            file.write_bytes(b" " * (FILE_LIMIT + 1))
        case "deep":
            file.write_bytes(b"[" * 200_000)
        case "not JSON":
            file.write_bytes(b"\xff\x00{")
        case "a list":
            file.write_text('[{"source": "a/b"}]')
        case "nothing in it":
            file.write_text('{"recent": {"source": 1}}')
    known = RecentSources(file)
    assert known.read() == ()
    known.add([recent("example.com/app:1")])  # and does not fail


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=4)))
def test_an_entry_may_be_anything(entry: object) -> None:
    from tui.sources.recent import _from_document

    good = {"source": "example.com/app:1", "when": NOW.isoformat(), "presence": "missing", "words": "x"}
    assert _from_document(entry) is None
    for name in good:
        read = _from_document({**good, name: entry})
        assert read is None or (read.source.isprintable() and read.words.isprintable())


def test_hostile_words_are_made_safe(tmp_path: Path) -> None:
    file = tmp_path / "recent.json"
    entry = {"source": "example.com/app:1", "when": NOW.isoformat(), "presence": "present", "words": "\x1b[2J[b]ok"}
    file.write_text(json.dumps({"recent": [entry, {**entry, "source": "\x1b]52;c;x\x07"}]}))
    assert [each.words for each in RecentSources(file).read()] == ["\\x1b[2J[b]ok"]


def test_where_nothing_can_be_written_nothing_is(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    known = RecentSources(blocked / "state" / "recent.json")
    known.add([recent("example.com/app:1")])
    assert known.read() == ()


def test_it_lies_in_the_state_folder(hermetic: Path) -> None:
    assert default_file() == hermetic / ".local" / "state" / "fanfold" / "recent.json"
