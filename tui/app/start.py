"""Making the services: the engine on real sources, or on the embedded registry. Heavy imports stand here, late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.app.services import Connect, Services

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.demo.serve import Served


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
        own = replace(settings, hosts=hosts)
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
