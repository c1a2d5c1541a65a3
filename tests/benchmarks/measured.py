"""The program in a process of its own, and the same requests by bare aiohttp: what each took."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import aiohttp

# What the `fanfold` command runs, with its way of ending. The peak is asked of the kernel by its own name: `ru_maxrss`
# begins with the size of whoever started the process.
_PROGRAM = """
import json, sys, time
report = sys.argv.pop(1)
from tui.__main__ import main
status = main()
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
with open(report, "w") as file:
    json.dump([time.process_time(), peak / 1024], file)
sys.exit(status)
"""


@dataclass(frozen=True)
class Took:
    """What a process took: seconds on the clock and of the processor, megabytes at most; and what it printed."""

    seconds: float
    cpu: float = 0.0
    megabytes: float = 0.0
    out: str = ""


@contextlib.contextmanager
def own_home() -> Iterator[dict[str, str]]:
    """An environment whose home, caches and configuration are a folder that goes away: never those of a user."""
    with tempfile.TemporaryDirectory() as home:
        places = dict.fromkeys(("HOME", "DOCKER_CONFIG", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), home)
        environment = {**os.environ, **places, "XDG_STATE_HOME": home}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield environment


def fanfold(
    *arguments: str, environment: dict[str, str] | None = None, statuses: Sequence[int] = (0,), timeout: float = 120
) -> Took:
    """Run a command of ours, its start included; in a home of its own unless one is given. Raises RuntimeError when it
    ends with another status, or not in time."""
    with contextlib.ExitStack() as stack:
        given = environment if environment is not None else stack.enter_context(own_home())
        report = os.path.join(given["HOME"], "took.json")
        command = [sys.executable, "-c", _PROGRAM, report, *arguments]
        seconds, out = _run(command, given, statuses, timeout)
        with open(report) as file:
            cpu, megabytes = json.load(file)
    return Took(seconds, cpu, megabytes, out)


def peer(*command: str, statuses: Sequence[int] = (0,), timeout: float = 60) -> Took | None:
    """Run another program, as `fanfold`; None where it is not installed."""
    if shutil.which(command[0]) is None:
        return None
    with own_home() as environment:
        return Took(*_run(command, environment, statuses, timeout)[:1])


def _run(
    command: Sequence[str], environment: dict[str, str], statuses: Sequence[int], timeout: float
) -> tuple[float, str]:
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout, check=False, cwd=os.getcwd()
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{command[0]} was not done after {timeout:.0f} s") from error
    took = time.perf_counter() - began
    if done.returncode not in statuses or "Traceback" in done.stderr:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {done.returncode}: {said}")
    return took, done.stdout


def bare_aiohttp(address: str, requests: Sequence[str], at_once: int) -> Took:
    """What bare aiohttp takes for these requests ("HEAD /v2/…"), so many at once, none waiting for another."""

    async def run() -> Took:
        waiting = iter(requests)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

            async def caller() -> None:
                for method, path in (request.split(" ") for request in waiting):
                    async with session.request(method, f"http://{address}{path}") as answer:
                        await answer.read()
                        assert answer.status in (200, 404), path

            began, before = time.perf_counter(), time.process_time()
            await asyncio.gather(*(caller() for _ in range(at_once)))
            return Took(time.perf_counter() - began, time.process_time() - before)

    return asyncio.run(run())


_QUOTED = re.compile(rb'"([^"]+)"')


def bare_walk(address: str, requests: Sequence[str], at_once: int) -> Took:
    """The same, but only the first is known when it begins, and each of the others once a document has come that names
    what its path ends with."""

    async def run() -> Took:
        unknown = {request.rpartition("/")[2].encode(): request for request in requests[1:]}
        known, left = asyncio.Queue[str | None](), 1
        known.put_nowait(requests[0])
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

            async def caller() -> None:
                nonlocal left
                while request := await known.get():
                    method, path = request.split(" ")
                    async with session.request(method, f"http://{address}{path}") as answer:
                        body = await answer.read()
                        assert answer.status in (200, 404), path
                    named = [unknown.pop(name) for name in _QUOTED.findall(body) if name in unknown]
                    left += len(named) - 1
                    for each in named if left else [None] * at_once:
                        known.put_nowait(each)

            began, before = time.perf_counter(), time.process_time()
            async with asyncio.TaskGroup() as callers:
                for _ in range(at_once):
                    callers.create_task(caller())
            if unknown:
                raise RuntimeError(f"{len(unknown)} requests are for what no document names")
            return Took(time.perf_counter() - began, time.process_time() - before)

    return asyncio.run(run())
