"""`fanfold serve`: the screen in a browser, for whoever opens the printed address."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tui.commands.arguments import BROWSER_MARK, Options, UsageError, missing_library, parse_sources
from tui.commands.output import err, out

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.web.gate import Address


def run(options: Options, settings: Settings) -> int:
    """Serve until Ctrl-C; the exit status: 0, or 2 when the address cannot be had."""
    if options.demo:
        if len(options.words) > 1:
            raise UsageError("Name at most one lesson.")
    else:
        parse_sources(options, settings)  # now, and not on every page
    try:
        from tui.web.server import BrowserServer, CannotListen, listen
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tui"):
            raise
        raise missing_library("Serving", "textual-serve") from None
    from tui.web.gate import Address, Gate

    if not options.host:
        raise UsageError("--host: name an address, such as 127.0.0.1.")
    url = _url(options.url)
    try:
        listening = listen(options.host, options.port)
    except CannotListen as error:
        err(f"fanfold: {error}")
        return 2
    address = Address(options.host, listening.getsockname()[1], url)
    gate = Gate(address, lambda link: out(f"  {link}"))
    server = BrowserServer(child(options), gate, mark=BROWSER_MARK)

    def ready() -> None:
        for line in warnings(address, options.writable and not settings.read_only):
            err(f"fanfold: {line}")
        out(f"fanfold serves at {address.shown}. Ctrl-C ends it. A link works once; then comes the next:")
        gate.open_up()

    asyncio.run(server.serve_on(listening, ready))
    return 0


def child(options: Options) -> list[str]:
    """The command line of the screen behind each page."""
    argv = [sys.executable, "-m", "tui"]
    if options.demo:
        argv.append("demo")
    for name in ("plain_http", "insecure"):
        for host in getattr(options, name):
            argv += [f"--{name.replace('_', '-')}", host]
    for name in ("ca", "concurrency", "config", "log"):
        value = getattr(options, name)
        if value is not None:
            argv += [f"--{name}", str(value)]
    for name in ("no_cache", "ascii"):
        if getattr(options, name):
            argv.append(f"--{name.replace('_', '-')}")
    if options.read_only or not options.writable:
        argv.append("--read-only")
    return [*argv, "--", *options.words]


def warnings(address: Address, writable: bool) -> list[str]:
    """What somebody should know who opens the door this wide."""
    said = []
    if not address.loopback:
        said.append(f"{address.host} is reachable from other machines: anyone with the link reads with your logins.")
        if not address.url.startswith("https://"):
            said.append(
                "This is plain http: link and screens can be read on the way. "
                f"Safer: listen on loopback, and reach it by ssh -L {address.port}:127.0.0.1:{address.port} HOST."
            )
    if writable:
        said.append("Anyone with the link can push, tag and delete with your logins.")
    return said


def _url(text: str | None) -> str:
    from urllib.parse import urlsplit

    if text is None:
        return ""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/")
        fine = fine and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        fine = False
    if not fine:
        raise UsageError("--url: write an address without a path, such as https://fanfold.example.")
    return f"{parts.scheme}://{parts.netloc}"
