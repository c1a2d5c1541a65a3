"""Docker's credential helpers: `docker-credential-<name> get`, the server on stdin, JSON on stdout.

The name comes from a config file, so it must not be a path; the program may hang, flood or babble, so time and output
are bounded and none of its output is ever shown (it may hold the secret).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process

_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_UNKNOWN = "credentials not found in native keychain"
_LAST_WORDS = 2.0
_KNOWN_ERRORS = ("no credentials server URL", "no credentials username")


class HelperFailed(Exception):
    """A safe sentence."""


async def ask_helper(name: str, server: str, *, patience: float, limit: int) -> tuple[str, str] | None:
    """(user name, secret), or None when the helper knows none. The user name `<token>` marks an identity token.

    Raises HelperFailed."""
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise HelperFailed("The credential helper named in the Docker config is not a plain name; it was not run.")
    program = shutil.which(f"docker-credential-{name}")
    if program is None:
        raise HelperFailed(f"The credential helper docker-credential-{name} is not installed.")
    try:
        process = await asyncio.create_subprocess_exec(
            program, "get", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise HelperFailed(f"docker-credential-{name} could not be started: {error.strerror}.") from None
    try:
        async with asyncio.timeout(patience):
            output = await _talk(process, server, limit)
            status = await process.wait() if output is not None else 0
    except TimeoutError:
        raise HelperFailed(f"docker-credential-{name} did not answer within {patience:.0f} s.") from None
    finally:
        await _end(process)
    if output is None:
        raise HelperFailed(f"docker-credential-{name} answered with more than {limit:,} bytes.")
    return _understand(name, output, status)


async def _talk(process: Process, server: str, limit: int) -> bytes | None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(server.encode())
        await process.stdin.drain()
    process.stdin.close()
    held = bytearray()
    while chunk := await process.stdout.read(65_536):
        held += chunk
        if len(held) > limit:
            return None
    return bytes(held)


async def _end(process: Process) -> None:
    """Kill the whole group: a helper is often a shell script with a child of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    # What is still in the pipe is read away: at its end the pipe is closed, and the process is gone.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            assert process.stdout is not None
            while await process.stdout.read(65_536):
                pass
            await process.wait()


def _understand(name: str, output: bytes, status: int) -> tuple[str, str] | None:
    if status != 0:
        text = output.decode("utf-8", "replace").strip()
        if text == _UNKNOWN:
            return None
        known = next((known for known in _KNOWN_ERRORS if known in text), "")
        raise HelperFailed(f"docker-credential-{name} failed{f': {known}' if known else f' (exit status {status})'}.")
    try:
        document = json.loads(output.decode("utf-8"))
        user, secret = document["Username"], document["Secret"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise HelperFailed(f"docker-credential-{name} did not answer with a login.") from None
    if not isinstance(user, str) or not isinstance(secret, str):
        raise HelperFailed(f"docker-credential-{name} did not answer with a login.")
    return (user, secret) if user or secret else None
