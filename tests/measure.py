"""The measures of the house: how much there is, and how far it is from a command to what it prints.

    python -m tests.measure            counts and ways (seconds)
    python -m tests.measure --suites   also the time of the fast suite and of the whole one

Lines are told apart by the tokenizer: code, docstrings, comments; blank ones count nowhere. *Ways* are measured on
`fanfold check` of an image on the embedded registry. *Functions on the way* are ours that stand on the stack when the
first request goes out, the creators of tasks included. *For each HEAD* is by how much the calls, the functions and the
tasks grow with each blob that an image has more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dis
import functools
import io
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from tests.support.structure import ROOT, TUI, circles, lines_of

OURS = str(TUI)

FEW, MANY = 4, 36
"""Layers of the two images whose difference is what a HEAD costs."""


@dataclass
class Way:
    """What happened between the command and its last line."""

    calls: Counter[CodeType] = field(default_factory=Counter)
    tasks: int = 0
    to_the_request: list[str] = field(default_factory=list)
    last_hops: int = 0
    """Our functions on the stack of the last request's own task."""


@functools.cache
def first_step(code: CodeType) -> int:
    """Where a function's first step ends; a coroutine that goes on is further in it."""
    return next((step.offset for step in dis.get_instructions(code) if step.opname == "RESUME"), 0)


def ours_on_stack(frame: FrameType | None) -> list[str]:
    """Our functions on the stack of a frame, the innermost last."""
    names = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(OURS):
            names.append(frame.f_code.co_qualname if hasattr(frame.f_code, "co_qualname") else frame.f_code.co_name)
        frame = frame.f_back
    return names[::-1]


def walked(arguments: list[str]) -> Way:
    """Run a command of fanfold in this process, and watch."""
    import aiohttp

    from tui.cli import main

    way = Way()
    created: dict[int, list[str]] = {}
    plain: Callable[..., Any] = aiohttp.ClientSession._request

    def factory(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **more)
        stack = ours_on_stack(sys._getframe())
        if stack:
            way.tasks += 1
            here = asyncio.current_task(loop) if asyncio._get_running_loop() is loop else None
            created[id(task)] = [*created.get(id(here), []), *stack]
        return task

    async def watched(session: Any, *given: Any, **more: Any) -> Any:
        if not way.to_the_request:
            here = created.get(id(asyncio.current_task()), [])
            way.to_the_request = [*here, *ours_on_stack(sys._getframe())]
        way.last_hops = len(ours_on_stack(sys._getframe()))
        return await plain(session, *given, **more)

    def profile(frame: FrameType, event: str, argument: object) -> None:
        # A coroutine that goes on is a call to the profiler, too: only what begins counts.
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS) and frame.f_lasti <= first_step(code):
            way.calls[code] += 1

    real_run = asyncio.run

    def run(work: Any, **more: Any) -> Any:
        async def inner() -> Any:
            asyncio.get_running_loop().set_task_factory(factory)
            return await work

        outer = ours_on_stack(sys._getframe())

        async def noted() -> Any:
            created[id(asyncio.current_task())] = outer
            return await inner()

        return real_run(noted(), **more)

    asyncio.run, aiohttp.ClientSession._request = run, watched  # type: ignore[assignment,method-assign]
    sys.setprofile(profile)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            status = main(arguments)
    finally:
        sys.setprofile(None)
        asyncio.run, aiohttp.ClientSession._request = real_run, plain  # type: ignore[method-assign]
    if status not in (0, None):
        raise SystemExit(f"{' '.join(arguments)} ended with {status}")
    return way


def image(store: Any, name: str, layers: int) -> None:
    """An image of so many layers in the embedded registry."""
    from tui.oci import media

    def blob(data: bytes, media_type: str) -> dict[str, object]:
        return {"mediaType": media_type, "digest": store.put_blob(name, data), "size": len(data)}

    diff_ids = [f"sha256:{number:064x}" for number in range(layers)]
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}, "config": {}}
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": blob(json.dumps(config).encode(), media.OCI_CONFIG),
        "layers": [blob(f"{name} {number}".encode(), media.OCI_LAYER_GZIP) for number in range(layers)],
    }
    store.put_manifest(name, json.dumps(document).encode(), media.OCI_MANIFEST, tags=["latest"])


def ways() -> tuple[Way, Way]:
    """A check of an image with few layers and one of an image with many."""
    from tui.demo.serve import Served
    from tui.demo.store import Store

    store = Store()
    image(store, "few", FEW)
    image(store, "many", MANY)
    with Served.start(store) as registry:
        walked(["check", f"{registry.address}/few:latest"])  # imports and caches are paid for
        return walked(["check", f"{registry.address}/few:latest"]), walked(["check", f"{registry.address}/many:latest"])


async def redraws() -> Counter[str]:
    """Whole redraws, and lines drawn, by widget, while `x` on an index is answered for nine blobs."""
    from textual.widget import Widget

    from tests.app.stage import WritableSource, staged
    from tests.support.images import image as made
    from tests.support.images import index

    drawn: Counter[str] = Counter()
    source = WritableSource()
    source.put("app", index(*(made(f"linux/{name}", seed=name) for name in ("amd64", "arm64", "s390x"))), "1.0")
    plain = Widget.refresh

    def refresh(widget: Any, *regions: Any, **more: Any) -> Any:
        if not regions and widget.id in ("tree", "page", "verdict", "header"):
            drawn[widget.id] += 1
        return plain(widget, *regions, **more)

    async with staged(source=source) as stage:
        await stage.go("app", "1.0")
        await stage.press("right")
        await stage.quiet()
        Widget.refresh = refresh  # type: ignore[method-assign,assignment]
        try:
            await stage.press("x")
            await stage.quiet()
        finally:
            Widget.refresh = plain  # type: ignore[method-assign]
    return drawn


def suites() -> dict[str, float]:
    """Seconds of the two suites, as a contributor runs them."""
    took = {}
    for name, arguments in (("fast suite", ["-m", "not slow"]), ("whole suite", [])):
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments], cwd=ROOT, check=False)
        took[name] = time.monotonic() - began
        if done.returncode:
            raise SystemExit(f"the {name} is red")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.measure", description=__doc__.splitlines()[0])
    parser.add_argument("--suites", action="store_true", help="also run and time the two test suites")
    chosen = parser.parse_args()
    for folder in ("tui", "tests"):
        stands = lines_of(ROOT / folder)
        print(
            f"{folder:28} {stands.modules} modules, {stands.code:,} lines of code, "
            f"{stands.docstring:,} of docstrings, {stands.comment:,} of comments"
        )
    around = circles()
    print(f"{'import circles':28} {len(around)}, {sum(map(len, around))} modules in them")
    few, many = ways()
    print(f"{'from argv to the request':28} {len(few.to_the_request)} functions on the way")
    print(f"{'check of a small image':28} {len(few.calls)} functions, {few.calls.total()} calls, {few.tasks} tasks")
    more = MANY - FEW
    grows = {code: many.calls[code] - few.calls[code] for code in many.calls}
    steady = sum(1 for count in grows.values() if count >= more)
    calls, tasks = sum(grows.values()) / more, (many.tasks - few.tasks) / more
    hops = many.last_hops
    print(f"{'for each HEAD':28} {hops} hops in its task, {steady} functions, {calls:.0f} calls, {tasks:.1f} tasks")
    drawn = asyncio.run(redraws())
    each = ", ".join(f"{name} {count}" for name, count in sorted(drawn.items()))
    print(f"{'nine answers':28} {drawn.total()} whole redraws ({each})")
    if chosen.suites:
        for name, seconds in suites().items():
            print(f"{name:28} {seconds:.0f} s")


if __name__ == "__main__":
    main()
