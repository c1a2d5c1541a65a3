"""The command line: have it read, hand over to the command, end as a program ends.

Everything that costs time to import is imported for the command that needs it, so `--version` and `--help` answer at
once. Exit status: 0 complete, 1 something is missing, 2 wrong usage, 3 could not be determined, 70 a fault of ours.
"""

from __future__ import annotations

import errno
import gc
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.commands.arguments import Options, UsageError, read, settings_of
from tui.commands.output import (
    OutputLost,
    drop_what_cannot_be_written,
    err,
    open_streams,
    out,
    silence,
    write_what_fits,
)

if TYPE_CHECKING:
    from tui.config import Settings

_UNDETERMINED = 3
_PIPE_CLOSED = 141  # 128 + SIGPIPE
#: How many new objects the collector looks through at a time, and how often through older ones. With Python's own 700
#: it took a sixth of the time of a check of thousands of objects; with fewer than these it looks through what was just
#: imported, all of which stays. A check of 20,000 objects takes no more memory with it.
GARBAGE = (100_000, 10, 10)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments, or those of the process, and return its exit status."""
    before = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    try:
        open_streams()
        return _run(list(sys.argv[1:] if argv is None else argv))
    except OutputLost as lost:
        silence(sys.stdout)
        if lost.error.errno == errno.EPIPE:  # whoever read our output went away (`fanfold tree … | head`)
            return _PIPE_CLOSED
        why = "stdout is closed" if lost.error.errno == errno.EBADF else lost.error.strerror
        err(f"fanfold: the output could not be written: {why}.")
        return _UNDETERMINED
    except Exception as error:
        from tui.crash import CRASHED, crash_text

        err(crash_text(error))
        return CRASHED
    finally:
        gc.set_threshold(*before)


def _run(argv: list[str]) -> int:
    write_what_fits()
    name, parser, options = read(argv)
    from tui.config import ConfigError
    from tui.oci.errors import OciError

    try:
        status = _command(name)(options, settings_of(options))
    except (UsageError, ConfigError, OciError) as error:
        parser.error(str(error))
    if status < 128:
        out("", end="")  # what is not written yet, while it can be told that it could not be
    else:  # a signal ended the screen, and its terminal may be gone
        drop_what_cannot_be_written()
    return status


def _command(name: str) -> Callable[[Options, Settings], int]:
    """What runs a subcommand."""
    match name:
        case "check":
            from tui.commands import check

            return check.run
        case "tree":
            from tui.commands import tree

            return tree.run
        case "create":
            from tui.commands import create

            return create.run
        case "copy" | "tag" | "delete" | "undo":
            from functools import partial

            from tui.commands import writes

            return partial(writes.run, name)
        case "fix":
            from tui.commands import fix

            return fix.run
        case "serve":
            from tui.commands import serve

            return serve.run
        case "registry":
            from tui.commands import registry

            return registry.run
        case "completion":
            from tui.commands import completion

            return completion.run
        case "demo":
            from tui.commands import demo

            return demo.run
        case _:
            from tui.commands import explore

            return explore.run
