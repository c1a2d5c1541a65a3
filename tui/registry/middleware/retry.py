"""One question, however many exchanges it takes: what a moment may fix is asked again.

The wait that a 429 asks for is the host's, not the question's: it pauses everybody (limiter.py), or five hundred HEADs
would each retry five times.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from tui.registry.api_errors import read_errors
from tui.registry.clock import Clock
from tui.registry.endpoints import Endpoints, Origin
from tui.registry.errors import RateLimited, TimedOut
from tui.registry.headers import retry_after, retry_after_in_text
from tui.registry.middleware import Send
from tui.registry.middleware.limiter import Limiter
from tui.registry.request import NoResponse, Request, Response
from tui.registry.retry_policy import LOST_ON_THE_WAY, TRANSIENT, RetryPolicy, RetryState
from tui.registry.settings import ClientSettings
from tui.text import duration

_PATIENT = frozenset({502, 503, 504, 408, 425, 499, 522})
"""Of the transient ones those that a moment may fix; a 500 is asked once more and then believed."""

_LONG_SILENCE = 20.0
"""Seconds without an answer after which nobody wants to wait as long again: a connection that is not accepted (10 s)
gets a second try, a request that was never answered (60 s) does not."""

_Like: TypeAlias = tuple[Origin, str, bool, bool]


class Retry:
    """Gives the final answer, whatever its status but 429. Raises RateLimited, what lies behind a NoResponse, and
    NoResponse itself only for a write that may have reached the registry."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints, clock: Clock, limiter: Limiter) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._limiter = limiter
        self._policy = RetryPolicy(
            tries=settings.tries, jitter=True, longest_pause=settings.longest_wait, deadline=settings.deadline
        )
        self._remembered_for = settings.negative_ttl
        self._limits: dict[_Like, tuple[float, float | None, RateLimited]] = {}

    async def __call__(self, request: Request, next: Send) -> Response:
        if self._limits:
            self._still_limited(request)
        state: RetryState | None = None
        request.attempt = 1
        while True:
            began = self._clock.now()
            try:
                response = await next(request)
            except NoResponse as lost:
                state = state or self._policy_for(request).start()
                pause = self._after_no_response(request, lost, state, began)
                if pause is None:
                    raise lost.error from lost
            else:
                status = response.status
                if status not in TRANSIENT or (request.write and not request.repeatable and status in LOST_ON_THE_WAY):
                    return response
                state = state or self._policy_for(request).start()
                if status == 429:
                    pause = self._after_429(request, response, state, began)
                else:
                    pause = self._after_failure(response, state, began)
                    if pause is None:
                        return response
            request.attempt += 1
            if pause > 0:
                await self._clock.sleep(pause)

    def _policy_for(self, request: Request) -> RetryPolicy:
        tries = 1 if request.once else request.tries
        return self._policy if tries is None else replace(self._policy, tries=tries)

    def _after_no_response(self, request: Request, lost: NoResponse, state: RetryState, began: float) -> float | None:
        """Seconds to wait; None: give up. Raises `lost` where nobody knows what became of a write."""
        took = self._clock.now() - began
        first = state.failures == 0
        pause = state.next_pause(0.0 if lost.stale and first else None, took=took, chance=self._clock.chance())
        if request.write and lost.sent and (not request.repeatable or state.is_over):
            raise lost
        if not lost.again:
            return None
        if isinstance(lost.error, TimedOut) and (not first or took + (pause or 0.0) > _LONG_SILENCE):
            return None  # a host that lets us wait is not waited for five times over
        return pause

    def _after_failure(self, response: Response, state: RetryState, began: float) -> float | None:
        """Seconds to wait; None: believe the answer."""
        pause = state.next_pause(
            wait_asked_by(response, self._clock), took=self._clock.now() - began, chance=self._clock.chance()
        )
        return None if response.status not in _PATIENT and state.failures >= 2 else pause

    def _after_429(self, request: Request, response: Response, state: RetryState, began: float) -> float:
        """0: the host is paused, and the limiter does the waiting. Raises RateLimited."""
        took = self._clock.now() - began
        asked = wait_asked_by(response, self._clock)
        if _is_pull_limit(response) or (asked is not None and asked > self._policy.longest_pause):
            raise self._remember(request, self._rate_limited(response, asked))
        pause = asked if asked is not None else self._policy.pause(state.failures + 2, self._clock.chance())
        self._limiter.lane(response.address.origin).pause(pause)
        if state.next_pause(0.0, took=took + pause) is None:
            raise self._rate_limited(response, asked if request.once else None)
        return 0.0

    def _rate_limited(self, response: Response, left: float | None) -> RateLimited:
        name = self._endpoints.name(response.address.origin)
        errors = read_errors(response.body, response.media_type)
        pull_limit = _is_pull_limit(response)
        if pull_limit:
            wait = "a few hours" if left is None else "for the next window"
            sentence = f"No pulls left at {name}. Log in, or wait {wait}."
        else:
            sentence = f"{name} limits the rate of requests."
        if left is not None:
            sentence += f" It asks to wait {duration(left)}."
        if errors.message and not pull_limit:
            sentence += f" It says: {errors.message}."
        return RateLimited(
            sentence, pull_limit=pull_limit, code=errors.code, exchange_id=response.exchange.id, retry_after=left
        )

    def _remember(self, request: Request, error: RateLimited) -> RateLimited:
        """A rest that is too long to wait for. It need not hold for all of the host (Docker Hub counts manifests and
        not blobs), so only the like of this are answered at once, for a few seconds; later ones ask again."""
        now = self._clock.now()
        ends = now + error.retry_after if error.retry_after is not None else None
        kept = min(self._remembered_for, error.retry_after or self._remembered_for)
        self._limits[_like(request)] = (now + kept, ends, error)
        return error

    def _still_limited(self, request: Request) -> None:
        known = self._limits.get(_like(request))
        if known is None:
            return
        until, ends, error = known
        now = self._clock.now()
        if now >= until:
            del self._limits[_like(request)]
            return
        raise RateLimited(
            error.sentence,
            pull_limit=error.pull_limit,
            status=error.status,
            code=error.code,
            exchange_id=error.exchange_id,
            retry_after=ends - now if ends is not None else None,
        )

    def forget(self, origin: Origin | None = None) -> None:
        self._limits = {key: value for key, value in self._limits.items() if origin is not None and key[0] != origin}


def wait_asked_by(response: Response, clock: Clock) -> float | None:
    """For how many seconds an answer asks to wait; None: it does not say."""
    seconds = retry_after(response.headers.get("retry-after"), response.headers.get("date"), clock.wall())
    if seconds is None and response.status == 429:
        seconds = retry_after_in_text(response.body.decode("utf-8", "replace"))
    return seconds


def _like(request: Request) -> _Like:
    """Same host, same repository, both by digest or both by name, both HEAD (which no pull limit counts) or neither."""
    return request.address.origin, request.repository, ":" in request.address.path, request.method == "HEAD"


def _is_pull_limit(response: Response) -> bool:
    """Docker Hub's allowance of pulls, as against its short plain "Too Many Requests" for floods."""
    text = response.body.decode("utf-8", "replace").lower()
    return "increase-rate-limit" in text or "pull rate limit" in text
