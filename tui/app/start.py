"""Making a world: the engine on real sources, or on the embedded registry. What is heavy is imported here, late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.app.world import Connect, World

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.demo.serve import Served


def connect(settings: Settings) -> Connect:
    """The engine for these settings."""

    async def make() -> World:
        from tui import engine as engines

        engine = await engines.connect(settings)
        return World(
            engine.explorer, engine.open, engine.aclose, engine.client, engine.trace, engine.insecure, engine=engine
        )

    return make


def demo_connect(settings: Settings) -> Connect:
    """The engine on the embedded registry, which is started in a thread of its own and shown as its catalog."""

    async def make() -> World:
        from tui.registry.settings import HostSettings

        hosts = dict(settings.hosts)
        own = replace(settings, hosts=hosts)
        served, world = await asyncio.gather(asyncio.to_thread(_serve), connect(own)())
        if settings.tls_on_loopback:
            hosts[served.address] = HostSettings(plain_http=True)  # --ca is not about the embedded registry
        world.close_also(served.stop)
        world.first = (served.address,)
        world.demo = served
        return world

    return make


def _serve() -> Served:
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    return Served.start(build_gallery())
