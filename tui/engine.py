"""The engine that the screen, the plain tree and `create` share: one client, one explorer, sources by what is typed."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.config import Settings
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.explore.node import Node
from tui.logfile import LogFile
from tui.registry.settings import ClientSettings
from tui.registry.trace import Trace
from tui.sources.document_cache import DocumentCache, default_folder
from tui.sources.spec import SourceSpec, parse_source
from tui.text import duration, safe

if TYPE_CHECKING:
    from tui.registry.client import Client


def client_settings(settings: Settings) -> ClientSettings:
    """What the registry client has to know of the user's settings."""
    return ClientSettings(
        hosts=settings.hosts,
        concurrency=settings.concurrency,
        read_only=settings.read_only,
        ca=settings.ca,
        tls_on_loopback=settings.tls_on_loopback,
    )


@dataclass(slots=True)
class Engine:
    """Use it on one event loop, and `aclose` it there."""

    settings: Settings
    client: Client
    inspector: Inspector
    explorer: Explorer
    log: LogFile | None = None
    _notes: dict[str, None] = field(default_factory=dict)
    _last_words: Callable[[], None] | None = None

    @property
    def trace(self) -> Trace:
        return self.client.trace

    @property
    def insecure(self) -> tuple[str, ...]:
        """The hosts whose certificates are not verified, which the screen has to say."""
        return tuple(sorted(name for name, host in self.settings.hosts.items() if host.insecure))

    @property
    def notices(self) -> tuple[str, ...]:
        """Safe sentences that the user ought to see, each once: how an input was read, logins that did not help, what
        registries warn of."""
        return (*self._notes, *self.client.all_notices())

    def speak(self, say: Callable[[str], None]) -> None:
        """Call `say` with every notice, once, and with every rest that a registry asks for and that is waited for."""
        said: set[str] = set()
        rests: dict[str, float] = {}

        def hear() -> None:
            for text in self.notices:
                if text not in said:
                    said.add(text)
                    say(text)
            for name, left in self.client.pauses().items():
                ends = time.monotonic() + left
                if ends > rests.get(name, 0.0) + 0.5:
                    rests[name] = ends
                    say(f"{name} limits the rate of requests: waiting {duration(left)}.")

        # Nothing new is known because a request goes out; what was learnt before it is heard when it is answered.
        self.trace.subscribe(lambda exchange: hear() if exchange.state != "running" else None)
        self._last_words = hear

    def heed(self, spec: SourceSpec) -> None:
        """Mind how a source was written: a scheme typed before a registry holds for all that is asked of it."""
        if spec.registry is None:
            return
        if spec.scheme:
            self.client.remember_scheme(spec.registry, spec.scheme)
        if spec.note:
            how = "http" if self.client.settings.host(spec.registry).speaks_http(spec.registry) else "https"
            fix = f" Use --plain-http {spec.registry} for http." if (spec.scheme, how) == ("http", "https") else ""
            text = f"{safe(spec.text, limit=200)}: {spec.note}; {spec.registry} is asked by {how}.{fix}"
            self._notes[text] = None

    async def open(self, named: str | SourceSpec, *, default_tag: bool = False) -> Node:
        """Put what this text or spec names into the tree, and give its row, which is not loaded yet.

        A repository without tag or digest is the repository itself, or with `default_tag` its tag latest, as for
        `docker pull`. Raises MalformedReference, or SourceError when a path holds no such thing.
        """
        spec = parse_source(named) if isinstance(named, str) else named
        self.heed(spec)
        source = await self.inspector.open(spec)
        if spec.repository is None or (spec.repository == "" and spec.selector is None):
            return self.explorer.add_source(source)
        selector = spec.selector or ("latest" if default_tag else None)
        if selector is None:
            return self.explorer.add_repository(source, spec.repository)
        return self.explorer.add_selector(source, spec.repository, selector)

    async def aclose(self) -> None:
        """Stop everything that is under way, and close connections and files. Nothing is left when one of them
        fails to close: the others are closed all the same."""
        if self._last_words is not None:
            self._last_words()
        async with AsyncExitStack() as last_first:
            if self.log is not None:
                last_first.callback(self.log.close)
            last_first.push_async_callback(self.client.aclose)
            last_first.push_async_callback(self.inspector.aclose)
            last_first.push_async_callback(self.explorer.aclose)


def open_engine(settings: Settings) -> Engine:
    """A fresh engine; nothing is asked yet. Raises ConfigError when the log file cannot be written.

    The first call imports the HTTP library, which takes a third of a second: a screen calls `connect`.
    """
    from tui.registry.client import Client

    log = LogFile(settings.log) if settings.log is not None else None
    client = Client(client_settings(settings))
    kept = DocumentCache(settings.cache_folder or default_folder()) if settings.cache else None
    inspector = Inspector(client, kept=kept)
    explorer = Explorer(inspector)
    if log is not None:
        log.follow(client.trace, explorer)
    return Engine(settings, client, inspector, explorer, log)


async def connect(settings: Settings) -> Engine:
    """`open_engine`, with its imports in a thread, so that the screen stays alive meanwhile: also of what is imported
    only when a registry asks who we are, or sends us elsewhere."""
    for name in ("client", "login", "httpx_library"):
        await asyncio.to_thread(importlib.import_module, f"tui.registry.{name}")
    return open_engine(settings)
