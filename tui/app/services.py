"""What the screens work with, and how it is made: on real sources, or on the embedded registry.

It is made after the first frame, so what is heavy is imported in the functions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.compose.service import DraftService
    from tui.config import Settings
    from tui.demo.serve import Served
    from tui.engine import Engine
    from tui.explore.explorer import Explorer
    from tui.explore.node import Node
    from tui.registry.client import Client
    from tui.registry.trace import Trace
    from tui.sources.spec import SourceSpec


@dataclass(slots=True)
class Services:
    """The engine's parts. What is None is not there: a source in memory has no client, files on disk no trace."""

    explorer: Explorer
    open: Callable[[str | SourceSpec], Awaitable[Node]]
    """Adds what a text names (reference, repository, registry, `oci:PATH` …) to the tree and gives its row; raises
    `OciError` or `SourceError` with a sentence for the reader."""
    close: Callable[[], Awaitable[None]]
    """Ends all connections."""
    client: Client | None = None
    trace: Trace | None = None
    insecure: tuple[str, ...] = ()
    """The registries that are spoken to without TLS, or without looking at their certificate."""
    first: tuple[str, ...] = ()
    """What to open at once besides what the command line names."""
    engine: Engine | None = None
    demo: Served | None = None
    """The embedded registry, in `fanfold demo`."""
    drafts: DraftService | None = None
    """What writes: there a moment after the first sources, and only with a registry client."""

    def close_also(self, end: Callable[[], None]) -> None:
        """Run `end` in a thread after the connections are closed, whatever becomes of that."""
        inner = self.close

        async def close() -> None:
            try:
                await inner()
            finally:
                await asyncio.to_thread(end)

        self.close = close


#: Makes the services; called on the event loop, after the first frame.
Connect = Callable[[], Awaitable[Services]]


def connect(settings: Settings) -> Connect:
    """The engine for these settings."""

    async def make() -> Services:
        from tui import engine as engines

        engine = await engines.connect(settings)
        return Services(
            engine.explorer, engine.open, engine.aclose, engine.client, engine.trace, engine.insecure, engine=engine
        )

    return make


def demo_connect(settings: Settings) -> Connect:
    """The engine on the embedded registry, which is started in a thread of its own and shown as its catalog."""

    async def make() -> Services:
        from tui.registry.settings import HostSettings

        hosts = dict(settings.hosts)
        own = replace(settings, hosts=hosts, cache=False)  # what a lesson shows is asked
        served, services = await asyncio.gather(asyncio.to_thread(_serve), connect(own)())
        if settings.tls_on_loopback:
            hosts[served.address] = HostSettings(plain_http=True)  # --ca is not about the embedded registry
        services.close_also(served.stop)
        services.first = (served.address,)
        services.demo = served
        return services

    return make


def _serve() -> Served:
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    return Served.start(build_gallery())
