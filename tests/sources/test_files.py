"""Archives of very many members: found in one pass that keeps names and places, and no more."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from tui.sources import files
from tui.sources.base import SourceError


def archive_of(folder: Path, count: int) -> Path:
    path = folder / "many.tar"
    with tarfile.open(path, mode="w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(f"files/{number}")
            member.size = len(str(number))
            archive.addfile(member, io.BytesIO(str(number).encode()))
    return path


def test_headers_are_not_kept_while_members_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, plain = 0, tarfile.TarFile.next

    def following(self: tarfile.TarFile) -> tarfile.TarInfo | None:
        nonlocal kept
        member = plain(self)
        kept = max(kept, len(self.members))  # type: ignore[attr-defined]
        return member

    path = archive_of(tmp_path, 300)
    monkeypatch.setattr(tarfile.TarFile, "next", following)
    archive = files.Archive(path)
    try:
        assert [archive.read(f"files/{number}", 10) for number in (0, 1, 299)] == [b"0", b"1", b"299"]
    finally:
        archive.close()
    assert 0 < kept <= 2


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MEMBERS", 4)
    files.Archive(archive_of(tmp_path, 4)).close()
    with pytest.raises(SourceError, match="more than 4 members"):
        files.Archive(archive_of(tmp_path, 5))
