"""Connections of a client that are in use: after a storm there must be none."""

from __future__ import annotations

from tui.registry.client import Client


def in_use(client: Client) -> int:
    """How many connections have an exchange; those that are kept for the next one do not count."""
    session = client._connection.transport._session
    return 0 if session is None or session.connector is None else len(session.connector._acquired)
