"""`fanfold registry`: the embedded registry alone, for curl, docker, skopeo and tests."""

from __future__ import annotations

import signal
import threading

from tui.commands.arguments import Options, UsageError
from tui.commands.output import err, out
from tui.config import Settings
from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.serve import CannotServe, Served
from tui.text import plural
from tui.tools.pulling import first_lines


def run(options: Options, _settings: Settings) -> int:
    if options.words:
        raise UsageError("This command takes no arguments.")
    return run_registry(options.port)


def run_registry(port: int) -> int:
    """Serve the gallery on 127.0.0.1:`port` until Ctrl-C; the exit status: 0, or 2 when the port cannot be had.

    The address and what is there go to stdout, errors to stderr. Must be called on the main thread.
    """
    try:
        served = Served.start(build_gallery(), port)
    except CannotServe as error:
        err(f"fanfold: {error}")
        return 2
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        out(introduction(served.address), end="")
        while not ended.wait(0.5):
            if not served.running:
                err("fanfold: the registry stopped unexpectedly.")
                return 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        served.stop()
    out(f"\nStopped after {plural(served.store.served, 'request')}. Pushes are lost.")
    return 0


def introduction(address: str) -> str:
    """What is served where, and the first commands to try."""
    listed: dict[str, list[str]] = {}
    for sample in GALLERY:
        listed.setdefault(sample.repository, []).extend(sample.tags)
    width = max(map(len, listed), default=0)
    lines = [f"  {name:{width}}  {_some(tags)}" for name, tags in listed.items()]
    return "\n".join(
        [
            f"fanfold's registry serves on http://{address}",
            "Open to everybody on this machine. Kept in memory: pushes are lost when it ends.",
            "",
            *lines,
            "",
            "Try:",
            *(f"  {line}" for line in first_lines(address, "library/hello", "latest")),
            f"  fanfold check {address}/gallery/missing-layer",
            "",
            "Ctrl-C ends it.",
            "",
        ]
    )


def _some(tags: list[str]) -> str:
    """As many of the tags as fit, and how many more there are."""
    shown = tags[:1]
    for tag in tags[1:]:
        if len(", ".join([*shown, tag])) > 50:
            break
        shown.append(tag)
    more = len(tags) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
