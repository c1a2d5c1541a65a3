"""Opening files that somebody named: only files. A pipe would wait for its other end for ever, and a device may never
end (`/dev/zero`)."""

from __future__ import annotations

import errno
import os
import stat


class NotRegular(OSError):
    """What is there is no file; the text says what it is."""


def open_regular(path: str | os.PathLike[str], flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """A file descriptor, and never one that has to be waited for. `/dev/null` counts as an empty file.

    Raises NotRegular, OSError, and ValueError for a zero byte in the name.
    """
    # Opened without waiting; O_NONBLOCK has no effect on files.
    try:
        descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0), mode)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a pipe that nobody reads from, or a socket
            raise NotRegular(errno.EINVAL, "it is a pipe or a socket, not a file", os.fspath(path)) from None
        raise
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) or _is_null(status):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    what = "a pipe" if stat.S_ISFIFO(status.st_mode) else "a device"
    raise NotRegular(errno.EINVAL, f"it is {what}, not a file", os.fspath(path))


def read_regular(path: str | os.PathLike[str], limit: int) -> bytes:
    """A file of at most `limit` bytes. Raises OSError, NotRegular, and what `open_regular` raises."""
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes", os.fspath(path))
    return data


def _is_null(status: os.stat_result) -> bool:
    try:
        return stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev
    except OSError:
        return False
