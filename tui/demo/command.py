"""`fanfold registry`: the embedded registry alone, for curl, docker, skopeo and tests."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable
from typing import Final

from tui.demo.exhibits.exhibit import Exhibit
from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.serve import CannotServe, Served
from tui.text import plural

PORT: Final = 5005


def run_registry(port: int = PORT) -> int:
    """Serve the gallery on 127.0.0.1:`port` until Ctrl-C; the exit status: 0, or 2 when the port cannot be had.

    The address and what is there go to stdout, errors to stderr. Must be called on the main thread.
    """
    try:
        served = Served.start(build_gallery(), port)
    except CannotServe as error:
        sys.stderr.write(f"fanfold: {error}\n")
        return 2
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        sys.stdout.write(introduction(served.address))
        sys.stdout.flush()
        while not ended.wait(0.5):
            if not served.running:
                sys.stderr.write("fanfold: the registry has stopped by itself.\n")
                return 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        served.stop()
    sys.stdout.write(f"\nStopped after {plural(served.store.served, 'request')}. What was pushed is gone.\n")
    return 0


def introduction(address: str, exhibits: Iterable[Exhibit] = GALLERY) -> str:
    """What is served where, and the first commands to try."""
    listed: dict[str, list[str]] = {}
    for exhibit in exhibits:
        listed.setdefault(exhibit.repository, []).extend(exhibit.tags)
    width = max(map(len, listed), default=0)
    lines = [f"  {name:{width}}  {_some(tags)}" for name, tags in listed.items()]
    return "\n".join(
        [
            f"fanfold's registry serves on http://{address}",
            "It is open to everybody on this machine, lives in memory and forgets what is pushed when it ends.",
            "",
            *lines,
            "",
            "Try:",
            f"  curl http://{address}/v2/_catalog",
            f"  docker manifest inspect --insecure {address}/library/hello:latest",
            f"  skopeo inspect --raw --tls-verify=false docker://{address}/library/hello:latest",
            f"  fanfold check {address}/gallery/missing-layer",
            "",
            "Ctrl-C ends it.",
            "",
        ]
    )


def _some(tags: list[str], width: int = 50) -> str:
    """As many of the tags as fit, and how many more there are."""
    shown = tags[:1]
    for tag in tags[1:]:
        if len(", ".join([*shown, tag])) > width:
            break
        shown.append(tag)
    more = len(tags) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
