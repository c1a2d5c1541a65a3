"""One request in full: headers (secrets are redacted before they reach the trace), times, and the curl line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.pages.parts import blank, heading, page, value
from tui.app.styled_text import Line, Lines, Target
from tui.text import safe, size

if TYPE_CHECKING:
    from tui.registry.trace import Exchange


def exchange_page(exchange: Exchange) -> Lines:
    """The page for a request."""
    outcome = str(exchange.status) if exchange.status is not None else exchange.state
    head = Line(hang=2).put(f"{safe(exchange.method)} ", "plain").put(safe(exchange.url, limit=4000), "title")
    facts = [
        value("answer", outcome, "good" if exchange.status and exchange.status < 400 else "bad"),
        value("error", safe(exchange.error), "bad") if exchange.error else None,
        value("asked by", safe(exchange.asked_by)) if exchange.asked_by else None,
        value(
            "started", f"{exchange.started:%H:%M:%S.%f}"[:-3] + (f", took {exchange.ms:,.1f} ms" if exchange.ms else "")
        ),
        value("bytes", f"{size(exchange.bytes_in)} in, {size(exchange.bytes_out)} out"),
        value("attempt", str(exchange.attempt)) if exchange.attempt > 1 else None,
        value("rate limit", str(exchange.rate_limit), "warn") if exchange.rate_limit else None,
    ]
    curl = exchange.curl()
    return page(
        head,
        [fact for fact in facts if fact is not None],
        _headers("Request headers", exchange.request_headers),
        _headers("Response headers", exchange.response_headers),
        [
            blank(),
            heading("Command"),
            Line(hang=2, fold="char").put(safe(curl, limit=4000), "string", Target("copy", curl)),
        ],
    )


def _headers(title: str, pairs: tuple[tuple[str, str], ...]) -> list[Line]:
    lines = [
        Line(hang=4, fold="char").put(f"  {safe(name)}: ", "key").put(safe(text, limit=4000)) for name, text in pairs
    ]
    return [blank(), heading(title), *lines] if lines else []
