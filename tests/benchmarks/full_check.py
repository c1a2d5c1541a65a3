"""A full check against its floor, against programs that look at the same image, and the second look.

    python -m tests.benchmarks.full_check

20 platforms x 10 layers + 20 attestations, 30 and 100 ms away; a new connection takes as long once more. Beside the
engine without the start of the process stand two floors, both of them the requests that it made, by bare aiohttp in
the same run:

* As many at once as the server counted of fanfold's at most, from the first moment on. Whoever asks knows the tag and
  nothing else, and of every other object once the document has come that names it: the index, its manifests, their
  blobs. This is the floor that has a bar. What it lacks are our own work, and finding out how many the host bears.
* 64 at once, all addresses known before it begins, none waiting for another. Nobody who checks an image can do that:
  the index and the manifests have to be read first. It is told so that nothing is hidden, and has no bar.

Beside the others' programs it is the whole process. crane asks for every object, one after the other, docker for
manifests and configs only; skopeo copies all of it, six at once, for nothing else of its own looks at every object.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Iterator

from tests.benchmarks.document_server import Documents, asked, document_server
from tests.benchmarks.measured import Took, bare_aiohttp, bare_walk, fanfold, own_home, peer
from tests.benchmarks.table import ABSENT, Row, show, times
from tui.cli import GARBAGE
from tui.config import Settings
from tui.engine import open_engine
from tui.explore.report import report

NAME, RUNS = "bench/check", 5
_USUAL = gc.get_threshold()
#: At once in the floor that knows everything.
FIXED = 64
#: Seconds away, and the most by the floor.
BARS = {0.03: 1.2, 0.1: 1.3}


async def once(address: str) -> Took:
    """A check in the engine, with the garbage collector as the program sets it. Raises RuntimeError when not everything
    was found to be there."""
    engine = open_engine(Settings(cache=False))
    gc.collect()
    gc.set_threshold(*GARBAGE)
    try:
        node = await engine.open(f"{address}/{NAME}:latest")
        began, before = time.perf_counter(), time.process_time()
        run = engine.explorer.check(node)
        await run.wait()
        took = Took(time.perf_counter() - began, time.process_time() - before)
        made = report(node, engine.explorer.observations, requests=run.requests)
        if not made.verdict.complete:
            raise RuntimeError(f"the image of the benchmark is not complete: {made.verdict.sentence}")
        return took
    finally:
        gc.set_threshold(*_USUAL)
        await engine.aclose()


def against_floors(address: str, latency: float, objects: int) -> Iterator[Row]:
    """Every floor is measured beside a run of ours, so that a busy moment is both's."""
    taken: list[tuple[float, float, float]] = []
    most = twice = 0
    for _ in range(RUNS):
        asked(address)
        ours = asyncio.run(once(address))
        requests, most = asked(address)
        twice = max(twice, len(requests) - len(set(requests)))
        floors = bare_walk(address, requests, most), bare_aiohttp(address, requests, FIXED)
        taken.append((ours.seconds, floors[0].seconds, floors[1].seconds))
    asked(address)
    if twice:
        raise RuntimeError(f"{twice} requests were made twice")
    took, walked, known = (statistics.median(column) for column in zip(*taken, strict=True))
    work = f"engine: check {objects} objects at {latency * 1000:.0f} ms"
    yield Row(
        work,
        f"{took:.2f} s, {most} at once at most",
        floor=f"{walked:.2f} s, {most} at once, each when it is known of",
        **times(statistics.median(ours / floor for ours, floor, _ in taken), BARS[latency]),
    )
    yield Row(
        work,
        f"{took:.2f} s",
        floor=f"{known:.2f} s, {FIXED} at once, all known before",
        ratio=f"{statistics.median(ours / floor for ours, _, floor in taken):.2f}x",
    )


def against_peers(address: str) -> Iterator[Row]:
    reference = f"{address}/{NAME}:latest"
    whole = statistics.median(fanfold("check", "--no-cache", reference).seconds for _ in range(3))
    work = "process: check 301 objects at 30 ms"
    peers: tuple[tuple[str, float | None, tuple[str, ...]], ...] = (
        # crane takes the attestations for broken images, and says so when it has looked at everything.
        ("crane validate --fast", 10, ("crane", "validate", "--insecure", "--fast", "--remote", reference)),
        ("docker manifest inspect -v", 6, ("docker", "manifest", "inspect", "--insecure", "--verbose", reference)),
        ("skopeo copy --all", None, ("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{reference}")),
    )
    for name, bar, command in peers:
        with own_home() as home:
            to = (f"oci:{home['HOME']}/copy",) if command[0] == "skopeo" else ()
            try:
                theirs = peer(*command, *to, statuses=(0, 1) if command[0] == "crane" else (0,))
            except RuntimeError as error:
                yield Row(f"{work}, {name}", f"{whole:.2f} s", why=str(error))
                continue
        if theirs is None:
            yield Row(f"{work}, {name}", f"{whole:.2f} s", ABSENT, why=f"{command[0]} is not on PATH")
        elif bar is None:
            yield Row(
                f"{work}, {name}", f"{whole:.2f} s", f"{theirs.seconds:.2f} s", "", f"{theirs.seconds / whole:.1f}x"
            )
        else:
            judged = times(theirs.seconds / whole, bar, least=True)
            yield Row(f"{work}, {name}", f"{whole:.2f} s", f"{theirs.seconds:.2f} s", **judged)


def second_look(address: str) -> Row:
    with own_home() as environment:
        fanfold("check", f"{address}/{NAME}:latest", environment=environment)
        asked(address)
        fanfold("check", f"{address}/{NAME}:latest", environment=environment)
        gets = sum(each.startswith("GET ") and "/manifests/" in each for each in asked(address)[0])
    return Row("second check of the same image: GETs of manifests", f"{gets}", bar="none", met=not gets)


def rows() -> Iterator[Row]:
    documents = Documents()
    objects = documents.platforms(NAME, 20, 10, attested=True)
    for latency in BARS:
        with document_server(documents, latency) as address:
            yield from against_floors(address, latency, objects)
    with document_server(documents, 0.03) as address:
        yield from against_peers(address)
        yield second_look(address)


if __name__ == "__main__":
    sys.exit(show(rows()))
