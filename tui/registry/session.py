"""One question to a registry, however many exchanges it takes: login, redirects, retries, waiting for a rate limit."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TypeAlias

from tui.registry import redirect
from tui.registry.answers import read_errors
from tui.registry.ask import Answer, Ask, Listener, NoAnswer
from tui.registry.auth import Auth
from tui.registry.clock import Clock
from tui.registry.credentials import Credentials
from tui.registry.errors import NotARegistry, Policy, RateLimited, TimedOut, Unreachable
from tui.registry.exchange import Wire
from tui.registry.origin import Address, Origin, UnusableUrl
from tui.registry.retry import TRANSIENT, backoff, retry_after, retry_after_in_text
from tui.registry.settings import ClientSettings
from tui.text import duration

_PATIENT = frozenset({502, 503, 504, 408, 425, 499, 522})
"""Of the transient ones those that a moment may fix; a 500 is asked once more and then believed."""


LOST_ON_THE_WAY = frozenset({499, 502, 504, 522})
"""A gateway gave up: what stands behind it may have done its work all the same."""


_LONG_SILENCE = 20.0
"""Seconds without an answer after which nobody wants to wait as long again: a connection that is not accepted (10 s)
gets a second try, a request that was never answered (60 s) does not."""

_Like: TypeAlias = tuple[Origin, str, bool, bool]


class Session:
    def __init__(self, wire: Wire, credentials: Credentials, settings: ClientSettings, clock: Clock) -> None:
        self.wire = wire
        self.settings = settings
        self.clock = clock
        self.auth = Auth(settings, clock, credentials, self.ask)
        self._limits: dict[_Like, tuple[float, float | None, RateLimited]] = {}

    async def ask(self, ask: Ask) -> Answer:
        """The final answer, whatever its status but 429.  Raises RateLimited, Unreachable and its kinds, Denied (by
        the token server), TooLarge, Corrupt; NoAnswer only for writes that may have reached the registry."""
        if ask.write:
            self._may_write(ask)
        if self._limits:
            self._still_limited(ask)
        spent, attempt = 0.0, 0
        tries = 1 if ask.once else ask.tries or self.settings.tries
        while True:
            attempt += 1
            began = self.clock.now()
            answer: Answer | None = None
            lost: NoAnswer | None = None
            wait: float | None
            try:
                answer = await self._through(ask, attempt)
            except NoAnswer as error:
                lost = error
            if answer is not None:
                if answer.status not in TRANSIENT:
                    self.wire.gate.lane(answer.address.origin).went_well()
                    return answer
                if ask.write and not ask.repeatable and answer.status in LOST_ON_THE_WAY:
                    return answer
                wait, counts = self._wait_after(ask, answer, attempt, began)
            else:
                assert lost is not None
                if ask.write and lost.sent and (not ask.repeatable or attempt >= tries):
                    raise lost
                wait = 0.0 if lost.stale and attempt == 1 else backoff(attempt, self.clock.chance())
                counts = self.clock.now() - began + wait
                if not lost.again or (isinstance(lost.error, TimedOut) and (attempt >= 2 or counts > _LONG_SILENCE)):
                    wait = None  # a host that lets us wait is not waited for five times over
            spent += counts
            if wait is None or attempt >= tries or spent > self.settings.deadline:
                if answer is None:
                    assert lost is not None
                    raise lost.error from lost
                if answer.status == 429:
                    raise self._limited(answer, self.told(answer) if ask.once else None)
                return answer
            if wait > 0:
                await self.clock.sleep(wait)

    def _may_write(self, ask: Ask) -> None:
        name = self.wire.name(ask.address.origin)
        if self.settings.read_only or self.settings.host(name).read_only:
            raise Policy(f"Nothing is written to {name}: it was opened read-only.")

    def _remember(self, ask: Ask, error: RateLimited) -> RateLimited:
        """A rest that is too long to wait for. It need not hold for all of the host (Docker Hub counts manifests and
        not blobs), so only the like of this are answered at once, for a few seconds; later ones ask again."""
        now = self.clock.now()
        ends = now + error.retry_after if error.retry_after is not None else None
        kept = min(self.settings.negative_ttl, error.retry_after or self.settings.negative_ttl)
        self._limits[_like(ask)] = (now + kept, ends, error)
        return error

    def _still_limited(self, ask: Ask) -> None:
        known = self._limits.get(_like(ask))
        if known is None:
            return
        until, ends, error = known
        now = self.clock.now()
        if now >= until:
            del self._limits[_like(ask)]
            return
        left = ends - now if ends is not None else None
        raise RateLimited(
            error.sentence,
            pull_limit=error.pull_limit,
            status=error.status,
            code=error.code,
            request=error.request,
            retry_after=left,
        )

    def forget(self, origin: Origin | None = None) -> None:
        self.auth.forget(origin)
        self._limits = {key: value for key, value in self._limits.items() if origin is not None and key[0] != origin}

    def _wait_after(self, ask: Ask, answer: Answer, attempt: int, began: float) -> tuple[float | None, float]:
        """(seconds to sleep, seconds that count against the deadline); None: believe the answer. A 429 pauses the
        whole host instead, and the gate does the waiting. Raises RateLimited."""
        lane = self.wire.gate.lane(answer.address.origin)
        told = self.told(answer)
        took = self.clock.now() - began
        if answer.status == 429:
            lane.slow_down(began)
            if is_pull_limit(answer) or (told is not None and told > self.settings.longest_wait):
                raise self._remember(ask, self._limited(answer, told))
            pause = told if told is not None else backoff(attempt + 1, self.clock.chance())
            lane.pause(pause)
            return 0.0, took + pause
        if answer.status not in _PATIENT and attempt >= 2:
            return None, took
        if told is not None:
            return (told if told <= self.settings.longest_wait else None), took + told
        wait = backoff(attempt, self.clock.chance())
        return wait, took + wait

    def told(self, answer: Answer) -> float | None:
        """For how many seconds an answer asks to wait; None: it does not say."""
        seconds = retry_after(answer.headers.get("retry-after"), answer.headers.get("date"), self.clock.wall())
        if seconds is None and answer.status == 429:
            seconds = retry_after_in_text(answer.body.decode("utf-8", "replace"))
        return seconds

    def _limited(self, answer: Answer, left: float | None) -> RateLimited:
        name = self.wire.name(answer.address.origin)
        errors = read_errors(answer.body, answer.media_type)
        pull_limit = is_pull_limit(answer)
        if pull_limit:
            wait = "for hours" if left is None else "until they are back"
            sentence = f"{name} has no pulls left for you in this window. Logging in, or waiting {wait}, helps."
        else:
            sentence = f"{name} limits the rate of requests."
        if left is not None:
            sentence += f" It asks to wait {duration(left)}."
        if errors.message and not pull_limit:
            sentence += f" It says: {errors.message}."
        return RateLimited(
            sentence, pull_limit=pull_limit, code=errors.code, request=answer.exchange.id, retry_after=left
        )

    async def ready(self, ask: Ask) -> None:
        """Get the token that this ask will need, so that nothing but its own exchange is left to do."""
        lease = await self.auth.lease(ask, self.wire.name(ask.address.origin))
        self.auth.landed(lease, None, left=True)

    async def _through(self, ask: Ask, attempt: int) -> Answer:
        """Login and redirects; transient statuses come back as answers."""
        if not ask.authenticate:
            answer = await self.wire.send(ask, attempt=attempt)
        else:
            answer = await self._with_login(ask, attempt)
        hops, away = 0, False
        home = ask.address.origin
        while ask.follow and answer.status in redirect.STATUSES and "location" in answer.headers:
            hops += 1
            there = self._hop(ask, answer, home)
            if hops > self.settings.redirects or there == ask.address:
                raise NotARegistry(
                    f"{self.wire.name(home)} sends the request from one place to the next without an end.",
                    status=answer.status,
                    request=answer.exchange.id,
                )
            away = away or there.origin != home
            same = not away  # who has been elsewhere comes back a stranger
            onward = ask.at(there, redirect.headers_for(ask.headers, same))
            if same and ask.authenticate:
                answer = await self._with_login(onward, attempt)
            else:
                # A foreign origin gets nothing of ours, and its 401 is not answered.
                answer = await self.wire.send(onward, attempt=attempt)
        return answer

    def _hop(self, ask: Ask, answer: Answer, home: Origin) -> Address:
        name = self.wire.name(home)
        try:
            there = redirect.next_hop(answer.address, answer.headers["location"], self._trusted)
        except UnusableUrl as error:
            raise Unreachable(
                f"{name} redirects to an address that we will not go to: {error}.",
                status=answer.status,
                request=answer.exchange.id,
            ) from None
        reading = ask.method in ("GET", "HEAD")
        login = any(header.lower() == "authorization" for header, _ in ask.headers)
        if there.origin != home and (not reading or login):
            raise Unreachable(
                f"{name} sends a request that carries a login or a change to another host; it was not followed.",
                status=answer.status,
                request=answer.exchange.id,
            )
        if not reading and (answer.status not in (307, 308) or callable(ask.content)):
            raise NotARegistry(
                f"{name} redirects a write ({answer.status}), which would turn it into something else.",
                status=answer.status,
                request=answer.exchange.id,
            )
        return there

    def _trusted(self, host: str) -> bool:
        return any(name.lower().rpartition(":")[0] == host or name.lower() == host for name in self.settings.hosts)

    async def _with_login(self, ask: Ask, attempt: int) -> Answer:
        registry = self.wire.name(ask.address.origin)
        lease = await self.auth.lease(ask, registry)
        while True:
            listener = None
            if lease.finder is not None:
                # The others wait for what this answer teaches: it does even when the caller leaves before it comes.
                listener = Listener(partial(self.auth.landed, lease))
            try:
                answer = await self.wire.send(
                    ask, lease.authorization, attempt=attempt, login=lease.login, listener=listener
                )
            except BaseException as error:
                if listener is not None and not listener.begun:
                    self.auth.landed(lease, None, left=isinstance(error, asyncio.CancelledError))
                raise
            if answer.status != 401:
                return answer
            # At most two more: a fresh lease, and one with the scope that the registry then names.
            better = await self.auth.challenged(lease, ask, answer, registry)
            if better is None:
                return answer
            lease = better

    def paused_until(self, origin: Origin) -> float | None:
        until = self.wire.gate.lane(origin).paused_until
        return until if until > self.clock.now() else None


def _like(ask: Ask) -> _Like:
    """Same host, same repository, both by digest or both by name, both HEAD (which no pull limit counts) or neither."""
    return ask.address.origin, ask.repository, ":" in ask.address.path, ask.method == "HEAD"


def is_pull_limit(answer: Answer) -> bool:
    """Docker Hub's allowance of pulls, as against its short plain "Too Many Requests" for floods."""
    text = answer.body.decode("utf-8", "replace").lower()
    return "increase-rate-limit" in text or "pull rate limit" in text
