"""What is known of how an origin wants to be asked, and what one request may say about us."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.registry.challenge import Challenge
    from tui.registry.credentials import Credential
    from tui.registry.endpoints import Address
    from tui.registry.tokens import Token, TokenRequest


@dataclass(slots=True)
class Lease:
    """What one request may say about us."""

    authorization: str = ""
    wanted: TokenRequest | None = None
    token: Token | None = None
    fresh: bool = False
    """Made for this very question, so a 401 on it is final."""
    widened: bool = False
    finder: Host | None = None
    """The origin whose ways this request finds out for the others."""
    sent: Credential | None = None
    """The stored login, where it goes to the registry itself: a 401 is an answer to it then."""

    @property
    def scopes(self) -> tuple[str, ...]:
        return self.wanted.scopes if self.wanted is not None else ()


@dataclass(slots=True)
class Host:
    """What is known of one origin."""

    known: bool = False
    finding: asyncio.Future[bool | None] | None = None
    since: float = 0.0
    """When the latest of those who find out began (the loop's time)."""
    challenge: Challenge | None = None
    pinged: bool = False
    """Whether `/v2/` was asked how to log in."""
    realm: Address | None = None
    refused: set[Credential] = field(default_factory=set)
    widened: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    notices: dict[str, None] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it answers those who say nothing about themselves."""
        return self.known and self.challenge is None
