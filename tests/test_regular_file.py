"""What is no file is not waited for and not read for ever: as archive, log, configuration, or Docker's own."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tests.support.commands import run_check
from tests.support.program import run
from tui.config import ConfigError, Settings, load
from tui.logfile import LogFile
from tui.registry.clock import Clock
from tui.registry.credentials import Credentials
from tui.registry.settings import ClientSettings
from tui.regular_file import NotRegular, open_regular, read_regular
from tui.sources.archive import open_archive
from tui.sources.base import SourceError


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless"
    path.symlink_to("/dev/zero")
    return path


def test_a_pipe_and_a_device_are_no_files(pipe: Path, endless: Path, tmp_path: Path) -> None:
    for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND):
        with pytest.raises(NotRegular, match="not a file"):
            open_regular(pipe, flags)
        with pytest.raises(NotRegular, match="it is a device, not a file"):
            open_regular(endless, flags)
    with pytest.raises(OSError, match=r"[Dd]irectory"):
        open_regular(tmp_path)
    assert read_regular(os.devnull, 10) == b""
    (tmp_path / "file").write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_regular(tmp_path / "file", 10)


def test_a_configuration(pipe: Path, endless: Path) -> None:
    for path, what in ((pipe, "a pipe"), (endless, "a device")):
        with pytest.raises(
            ConfigError, match=f"The configuration file {path} cannot be read: it is {what}, not a file"
        ):
            load(path)
    assert load(Path(os.devnull)) == Settings(file=Path(os.devnull))


def test_a_configuration_of_many_bytes(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(6_000_000_000)
    with pytest.raises(ConfigError, match="it has more than 1,048,576 bytes"):
        load(path)


def test_a_log(pipe: Path, endless: Path) -> None:
    for path in (pipe, endless):
        with pytest.raises(ConfigError, match=r"cannot be written: it is .*, not a file"):
            LogFile(path)


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
def test_an_archive(pipe: Path, endless: Path, kind: str) -> None:
    for path in (pipe, endless):
        with pytest.raises(SourceError, match=r"cannot be read: it is .*, not a file"):
            open_archive(kind, path)  # type: ignore[arg-type]
        assert run_check(Settings(), [f"{kind}:{path}"]) == 3


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_of_an_archive_that_claims_gigabytes(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 6_000_000_000
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        file.write(info.tobuf(tarfile.GNU_FORMAT))
        file.truncate(6_000_100_000)
    with pytest.raises(SourceError, match="a header of it claims 6,000,000,000 bytes"):
        open_archive("oci-archive", path)


async def test_the_logins_of_docker(tmp_path: Path) -> None:
    folder = tmp_path / "docker"
    folder.mkdir()
    os.mkfifo(folder / "config.json")
    environ = {"DOCKER_CONFIG": str(folder), "HOME": str(tmp_path)}
    credentials = Credentials(ClientSettings(), Clock(), environ)
    assert await credentials.find("registry.test") is None
    assert any("not a file" in text for text in credentials.warnings)


@pytest.mark.slow
def test_the_program_ends_with_words(pipe: Path, endless: Path) -> None:
    for option in ("--config", "--log"):
        for path in (pipe, endless):
            done = run("check", option, str(path), "127.0.0.1:1/app")
            assert done.returncode == 2 and "not a file" in done.stderr and "Traceback" not in done.stderr
