"""Writing a file whole: whoever reads it meanwhile, or after a power cut, finds the old or the new, never a part."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

#: What the names of files begin with that are not whole yet.
UNFINISHED = ".fanfold-"


def atomic_write(path: Path, raw: bytes, *, beside: Path, mode: int = 0o600) -> None:
    """Write the file in the folder `beside` first (of the same file system), then move it in. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=beside, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
