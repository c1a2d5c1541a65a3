"""What the screens work with: the explorer, and where its requests are traced. Made after the first frame."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.compose.service import DraftService
    from tui.demo.serve import Served
    from tui.engine import Engine
    from tui.explore.explorer import Explorer
    from tui.explore.node import Node
    from tui.registry.client import Client
    from tui.registry.trace import Trace
    from tui.sources.spec import SourceSpec


@dataclass(slots=True)
class Services:
    """`open` adds what a text names (reference, repository, registry, `oci:PATH` …) to the tree and gives its row;
    it raises `OciError` or `SourceError` with a sentence for the reader. `close` ends all connections.

    `first` are the sources to open at once besides those of the command line (the demo's); `demo` is the embedded
    registry when there is one (`tui.demo.serve.Served`), `engine` what else the other parts may need.
    """

    explorer: Explorer
    open: Callable[[str | SourceSpec], Awaitable[Node]]
    close: Callable[[], Awaitable[None]]
    client: Client | None = None
    trace: Trace | None = None
    insecure: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    engine: Engine | None = None
    demo: Served | None = None
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
