"""Documents on disk: what is taken out was hashed, what is put in is bounded, and whatever lies there is a miss."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.oci.digest import Digest
from tui.sources import document_cache
from tui.sources.document_cache import DOCUMENT_LIMIT, DocumentCache, default_folder

PLACE = "127.0.0.1:5000/app"
RAW = b'{"schemaVersion": 2}'
DIGEST = Digest.of(RAW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "fanfold"


def filled(folder: Path) -> DocumentCache:
    cache = DocumentCache(folder)
    cache.keep(PLACE, DIGEST, RAW)
    cache.see(PLACE, "latest")
    cache.close()
    return cache


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def document(folder: Path) -> Path:
    (found,) = [path for path in files(folder) if path.stat().st_size]
    return found


def test_what_was_kept_is_there_for_the_next_run(folder: Path) -> None:
    filled(folder)
    other = DocumentCache(folder)
    assert other.get(PLACE, DIGEST) == RAW
    assert other.has_seen(PLACE, "latest") and not other.has_seen(PLACE, "1")


def test_the_way_to_a_drawer_is_gone_once_for_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a check of 400 images it was gone 1,200 times, which took a tenth of the CPU time of the check."""
    opened: list[object] = []
    plain = os.open

    def counting(path: Any, *more: Any, **named: Any) -> int:
        opened.append(path)
        return plain(path, *more, **named)

    cache, others = filled(folder), [Digest.of(f"{number}".encode()) for number in range(100)]
    for number, digest in enumerate(others):
        cache.keep(PLACE, digest, f"{number}".encode())
    monkeypatch.setattr(os, "open", counting)
    cache.close()
    assert len(files(folder)) == 102 and len(opened) <= 100 + 16 * 3
    opened.clear()
    assert all(cache.get("127.0.0.1:5000/other", digest) is None for digest in others)
    assert not opened, "none of them is here"


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "fanfold"


def test_another_repository_has_not_got_it(folder: Path) -> None:
    cache = filled(folder)
    for place in ("127.0.0.1:5000/other", "127.0.0.1:5001/app", ""):
        assert cache.get(place, DIGEST) is None
        assert not cache.has_seen(place, "latest")


def test_it_is_private_and_its_names_tell_nothing(folder: Path) -> None:
    filled(folder)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(folder)} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")] if path.is_dir()} == {0o700}
    assert all("app" not in path.name and DIGEST.encoded not in path.name for path in files(folder))


def test_what_was_not_hashed_is_not_kept(folder: Path) -> None:
    cache = DocumentCache(folder)
    cache.keep(PLACE, DIGEST, b"something else")
    cache.keep(PLACE, Digest("blake3:" + "0" * 64), RAW)
    cache.keep(PLACE, Digest.of(bytes(DOCUMENT_LIMIT + 1)), bytes(DOCUMENT_LIMIT + 1))
    cache.close()
    assert files(folder) == []
    assert cache.get(PLACE, Digest("blake3:" + "0" * 64)) is None


def test_after_the_folder_is_removed_it_is_made_again(folder: Path) -> None:
    cache = filled(folder)
    shutil.rmtree(folder)
    assert cache.get(PLACE, DIGEST) is None
    cache.keep(PLACE, DIGEST, RAW)
    cache.close()
    assert cache.get(PLACE, DIGEST) == RAW


def a_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(RAW[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"X" + RAW[1:]),
        lambda path: path.write_bytes(RAW + b" "),
        lambda path: os.truncate(path, 1 << 40),
        lambda path: path.unlink(),
        a_link,
        a_folder,
        a_pipe,
    ],
    ids=["cut short", "empty", "changed", "longer", "a hole of a terabyte", "gone", "a link", "a folder", "a pipe"],
)
def test_a_spoilt_file_is_only_not_there(folder: Path, spoil: Callable[[Path], None]) -> None:
    filled(folder)
    spoil(document(folder))
    cache = DocumentCache(folder)
    assert cache.get(PLACE, DIGEST) is None
    cache.keep(PLACE, DIGEST, RAW)
    cache.close()
    assert cache.get(PLACE, DIGEST) == (None if spoil is a_folder else RAW)


def test_a_link_is_never_written_through(folder: Path, tmp_path: Path) -> None:
    cache = filled(folder)
    theirs = tmp_path / "theirs"
    theirs.write_text("mine")
    path = document(folder)
    path.unlink()
    path.symlink_to(theirs)
    cache.keep(PLACE, DIGEST, RAW)
    cache.close()
    assert theirs.read_text() == "mine"
    assert not path.is_symlink() and path.read_bytes() == RAW


@pytest.mark.parametrize("which", ["", "documents", "drawer"])
@pytest.mark.parametrize("how", ["a link", "open to all", "a file", "somebody else's"])
def test_a_folder_that_is_not_ours_alone_is_not_used(
    folder: Path, which: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(folder)
    path = {"": folder, "documents": folder / "documents", "drawer": document(folder).parent}[which]
    if how == "a link":
        a_link(path)
    elif how == "open to all":
        path.chmod(0o777)
    elif how == "a file":
        path.rename(path.with_name("moved"))
        path.write_bytes(b"")
    else:
        own, me = os.fstat, os.geteuid()
        inode = path.stat().st_ino

        def other(descriptor: int) -> os.stat_result:
            status = own(descriptor)
            return os.stat_result((*status[:4], me + 1, *status[5:])) if status.st_ino == inode else status

        monkeypatch.setattr(os, "fstat", other)
    before = sorted(path.parent.rglob("*"))
    cache = DocumentCache(folder)
    assert cache.get(PLACE, DIGEST) is None
    cache.keep(PLACE, DIGEST, RAW)
    cache.close()
    assert sorted(path.parent.rglob("*")) == before


def test_a_file_that_is_somebody_elses_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(folder)
    inode, own, me = document(folder).stat().st_ino, os.fstat, os.geteuid()

    def other(descriptor: int) -> os.stat_result:
        status = own(descriptor)
        return os.stat_result((*status[:4], me + 1, *status[5:])) if status.st_ino == inode else status

    monkeypatch.setattr(os, "fstat", other)
    assert DocumentCache(folder).get(PLACE, DIGEST) is None


@pytest.mark.parametrize("folder", ["/dev/null/cache", "/proc/none/cache", "\0", "/dev/full"])
def test_a_folder_that_cannot_be_made_is_no_error(folder: str) -> None:
    cache = DocumentCache(Path(folder))
    cache.keep(PLACE, DIGEST, RAW)
    cache.see(PLACE, "latest")
    cache.close()
    assert cache.get(PLACE, DIGEST) is None
    assert not cache.has_seen(PLACE, "latest")


@pytest.mark.parametrize("call", ["open", "rename", "mkdir", "unlink"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError(30, "Read-only file system")])
def test_a_full_or_read_only_disk_is_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: OSError
) -> None:
    own = getattr(os, call)

    def failing(*arguments: object, **more: object) -> object:
        if call != "open" or (len(arguments) > 1 and int(str(arguments[1])) & os.O_CREAT):
            raise error
        return own(*arguments, **more)

    monkeypatch.setattr(os, call, failing)
    cache = filled(folder)
    monkeypatch.undo()
    assert cache.get(PLACE, DIGEST) in (None, RAW)
    assert not [path for path in files(folder) if path.name.startswith(".new-")]


def test_what_a_killed_process_left_goes(folder: Path) -> None:
    cache = filled(folder)
    drawer = document(folder).parent
    old, new = drawer / ".new-old", drawer / ".new-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache = DocumentCache(folder)
    cache.keep(PLACE, DIGEST, RAW)
    cache.close()
    assert not old.exists() and new.exists()


def test_other_peoples_files_are_left_alone(folder: Path) -> None:
    filled(folder)
    note = document(folder).parent / "thesis.txt"
    note.write_bytes(bytes(1 << 16))
    os.utime(note, (0, 0))
    cache = DocumentCache(folder, limit=16 * 8192)
    for number in range(200):
        raw = b"%d" % number
        cache.keep(PLACE, Digest.of(raw), raw)
    cache.close()
    assert note.exists()


def test_what_was_used_least_lately_goes_first(folder: Path) -> None:
    """In one drawer, which has room for four blocks."""
    raws = [raw for raw in (b"%d" % number for number in range(400)) if name(raw).startswith("0")][:6]
    cache = DocumentCache(folder, limit=16 * 4 * 4096)
    for age, raw in enumerate(raws[:4]):
        cache.keep(PLACE, Digest.of(raw), raw)
        cache.close()
        path = folder / "documents" / "0" / name(raw)
        os.utime(path, (1000 + age, 1000 + age))
    assert cache.get(PLACE, Digest.of(raws[0])) == raws[0]  # the oldest was used just now
    cache.keep(PLACE, Digest.of(raws[4]), raws[4])
    cache.close()
    left = [raw for raw in raws if (folder / "documents" / "0" / name(raw)).exists()]
    assert raws[0] in left and raws[4] in left and raws[1] not in left


def name(raw: bytes) -> str:
    return document_cache._name(PLACE, Digest.of(raw))


def held(folder: Path) -> int:
    return sum(max(1, -(-path.stat().st_size // 4096)) * 4096 for path in files(folder))


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(0, 40_000), min_size=1, max_size=40), limit=st.integers(0, 16 * 50_000))
def test_it_is_never_larger_than_it_may_be(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int
) -> None:
    folder = tmp_path_factory.mktemp("bound") / "fanfold"
    for part in (sizes[: len(sizes) // 2], sizes[len(sizes) // 2 :]):  # two runs, one after the other
        cache = DocumentCache(folder, limit=limit)
        for number, size in enumerate(part):
            raw = os.urandom(size)
            cache.keep(PLACE, Digest.of(raw), raw)
            if number % 3 == 0:
                cache.see(PLACE, str(number))
            cache.close()
            assert held(folder) <= limit
            kept = cache.get(PLACE, Digest.of(raw))
            assert kept in (raw, None)


def test_what_another_run_removed_first_is_room_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = document_cache._files
    monkeypatch.setattr(document_cache, "_files", lambda drawer: [(0.0, 4096, "removed"), *listed(drawer)])
    cache = DocumentCache(folder, limit=16 * 4096)
    cache.keep(PLACE, DIGEST, RAW)
    cache.close()
    assert cache.get(PLACE, DIGEST) == RAW


def test_several_at_once(folder: Path) -> None:
    """Files appear whole: whoever reads gets all of one, or nothing."""
    raws = [os.urandom(20_000) for _ in range(8)]
    wrong: list[bytes] = []

    def work() -> None:
        cache = DocumentCache(folder, limit=16 * 50_000)
        for _ in range(10):
            for raw in raws:
                cache.keep(PLACE, Digest.of(raw), raw)
                found = cache.get(PLACE, Digest.of(raw))
                if found is not None and found != raw:
                    wrong.append(found)
        cache.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert not [path for path in files(folder) if path.name.startswith(".new-")]
    assert any(DocumentCache(folder).get(PLACE, Digest.of(raw)) for raw in raws)
