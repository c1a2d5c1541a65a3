"""The journal: private, whole, bounded, and readable after a crash or a careless hand."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from tui.compose.errors import JournalError
from tui.compose.journal import Journal
from tui.compose.plan import Action, Plan
from tui.compose.undo import undo_unavailable
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.sources.atomic_write import atomic_write

TARGET = Reference.parse("127.0.0.1:5000/app:1")


def plan(old: bytes | None, new: bytes, **sources: str) -> Plan:
    return Plan(
        Action.PUSH,
        TARGET,
        (),
        media_type=media.OCI_INDEX,
        digest=Digest.of(new),
        raw=new,
        before=Digest.of(old) if old is not None else None,
        before_raw=old,
        before_media_type=media.OCI_INDEX if old is not None else "",
        sources={Digest.of(name.encode()): source for name, source in sources.items()},
    )


def test_what_was_written_is_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    first = journal.begin(plan(b"old", b"new", a="host/app:a"))
    assert journal.records()[0].outcome == ""
    assert journal.finish(first, "pushed")
    second = journal.begin(plan(b"new", b"newer", b="host/app:b"))
    records = Journal(tmp_path / "j").of(TARGET)
    assert [record.id for record in records] == [second, first]
    assert records[1].outcome == "pushed"
    assert records[1].before == Digest.of(b"old")
    assert journal.bytes_of(Digest.of(b"old")) == b"old"
    assert journal.sources(TARGET) == {Digest.of(b"a"): "host/app:a", Digest.of(b"b"): "host/app:b"}
    assert journal.of(TARGET.with_tag("2")) == ()


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal(tmp_path / "j")
        journal.begin(plan(b"old", b"new"))
    finally:
        os.umask(before)
    for folder in (journal.folder, journal.folder / "objects"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in (journal.file, *(journal.folder / "objects").iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_broken_lines_survive_and_hurt_nobody(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", record_limit=4)
    journal.begin(plan(None, b"1"))
    with journal.file.open("ab") as file:
        file.write(b'{"id": "x", "when": 3}\n\xff\xfe\n[]\n{"id":"torn","wh')
    for number in range(2, 9):
        record = journal.begin(plan(b"1", str(number).encode()))
        journal.finish(record, "pushed")
    text = journal.file.read_bytes()
    assert b"\xff\xfe" in text
    assert b'{"id":"torn","wh\n' in text
    assert journal.records()[0].digest == Digest.of(b"8")


def test_it_is_bounded(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", record_limit=8)
    for number in range(30):
        journal.finish(journal.begin(plan(f"{number}".encode(), f"{number + 1}".encode())), "pushed")
    assert len(journal.records()) <= 8
    assert len(list((journal.folder / "objects").iterdir())) <= 9
    newest = journal.records()[0]
    assert newest.before is not None
    assert journal.bytes_of(newest.before) == b"29"


def test_a_full_disk_is_an_error_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(plan(b"old", b"new"))
    whole = journal.file.read_bytes()
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if data.startswith(b'{"id"'):
            return real(handle, data[:10])
        return real(handle, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalError, match="is unchanged"):
        journal.begin(plan(b"old", b"newer"))
    assert journal.file.read_bytes() == whole

    def none(*_words: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", none)
    with pytest.raises(JournalError, match="No space left"):
        journal.begin(plan(b"old", b"newest"))


def test_bytes_that_rot_are_not_put_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.begin(plan(b"old", b"new"))
    digest = Digest.of(b"old")
    (journal.folder / "objects" / f"sha256-{digest.encoded}").write_bytes(b"0ld")
    assert journal.bytes_of(digest) is None


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "j"
    folder.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (folder / "journal.jsonl").symlink_to(victim)
    with pytest.raises(JournalError):
        Journal(folder).begin(plan(b"old", b"new"))
    assert victim.read_text() == "mine"


def test_the_users_state_folder(hermetic: Path) -> None:
    assert Journal().folder == hermetic / ".local/state/fanfold/journal"


def test_a_journal_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    assert undo_unavailable(journal, TARGET, None) == "no push recorded for this tag"
    journal.file.mkdir(parents=True)
    assert journal.records() == ()
    assert undo_unavailable(journal, TARGET, None).startswith("the journal in ")
    assert "cannot be read" in undo_unavailable(journal, TARGET, None)


def test_what_another_process_writes_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = Journal(tmp_path / "j", record_limit=4), Journal(tmp_path / "j", record_limit=4)
    other = threading.Thread(target=lambda: theirs.begin(plan(b"what they replace", b"theirs")))

    def while_they_begin(path: Path, raw: bytes, *, beside: Path) -> None:
        if path == ours.file and not other.ident:
            other.start()
            other.join(0.2)  # only who does not wait for us is done by then
        atomic_write(path, raw, beside=beside)

    monkeypatch.setattr("tui.compose.journal.atomic_write", while_they_begin)
    for number in range(5):
        ours.finish(ours.begin(plan(f"{number}".encode(), f"{number + 1}".encode())), "pushed")
    other.join()
    assert theirs.records()[0].digest == Digest.of(b"theirs")
    assert theirs.bytes_of(Digest.of(b"what they replace")) is not None
