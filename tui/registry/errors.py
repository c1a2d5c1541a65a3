"""What can go wrong between us and a registry, as one tree.

    RegistryError
    ├── NotFound         404/410, confirmed; `repo_unknown` when the repository itself is not known
    ├── Denied           401/403: it does not exist, or you may not see it
    ├── RateLimited      429, with the seconds left when they are known
    ├── Unreachable      no usable answer: DNS, refused, reset, 5xx after the retries
    │   ├── NotAsked     nothing was sent: a proxy is set that cannot be used
    │   ├── TlsFailure   the certificate or the handshake
    │   └── TimedOut
    ├── NotARegistry     something answers, but it does not speak the distribution API
    ├── TooLarge         the answer passes the limit
    ├── Corrupt          the bytes are not what their digest says
    │   └── Garbled      the answer broke off, or came compressed: no bytes that could be hashed, so nothing is known
    ├── InvalidManifest  the bytes are what was asked for, but no manifest
    ├── Unsupported      the registry does not offer this
    ├── Policy           the registry forbids it by a rule of its own (immutable tag, quota, vulnerability gate)
    ├── Refused          a 4xx on a write, `details` names the digests that the registry complained about
    ├── Conflict         somebody else changed it meanwhile
    └── UnknownOutcome   a write whose answer was lost: it may or may not have happened

`sentence` is complete, safe to show and holds no secret. An error never claims more than is known: only `NotFound`
means that an object is missing. Errors are frozen: whoever has more to say makes a new one.
"""

from __future__ import annotations

from typing import Self, TypedDict, Unpack


class Facts(TypedDict, total=False):
    """What may be said of an error beside its sentence; each class of error says what those of its own mean."""

    status: int | None
    code: str
    exchange_id: int | None
    retry_after: float | None
    advice: str
    detail: str
    repo_unknown: bool
    confirmed: bool
    web_page: bool
    pull_limit: bool
    raw: bytes
    details: tuple[str, ...]


class RegistryError(Exception):
    """The root. Nothing of it is changed after it was made."""

    sentence: str
    status: int | None = None
    """The HTTP status; None: no answer."""
    code: str = ""
    """The registry's own error code, "" if none."""
    exchange_id: int | None = None
    """Of the exchange in the trace that it comes from."""
    retry_after: float | None = None
    """Seconds from now; None: unknown."""
    advice: str = ""
    """What to do, where the advice for its kind would be wrong."""
    detail: str = ""
    """The same in a few words, where status and code do not say it."""

    def __init__(self, sentence: str, **facts: Unpack[Facts]) -> None:
        super().__init__(sentence)
        vars(self).update(facts, sentence=sentence)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):  # Python itself adds the traceback, the cause and notes
            raise AttributeError(f"an error is not changed after it was made: {name}")
        super().__setattr__(name, value)

    def saying(self, sentence: str) -> Self:
        """The same error in other words."""
        return type(self)(**{**vars(self), "sentence": sentence})


class NotFound(RegistryError):
    repo_unknown: bool = False
    confirmed: bool = True
    web_page: bool = False
    """The answer was a page as any web server sends it, with nothing of a registry's (see `ensure_registry_api`)."""


class Denied(RegistryError):
    pass


class RateLimited(RegistryError):
    status: int | None = 429
    pull_limit: bool = False
    """It is Docker Hub's allowance of pulls: waiting minutes does not help, logging in does."""


class Unreachable(RegistryError):
    pass


class NotAsked(Unreachable):
    pass


class TlsFailure(Unreachable):
    pass


class TimedOut(Unreachable):
    pass


class NotARegistry(RegistryError):
    pass


class TooLarge(RegistryError):
    pass


class Corrupt(RegistryError):
    pass


class Garbled(Corrupt):
    pass


class InvalidManifest(RegistryError):
    raw: bytes = b""
    """As served; they may be shown."""


class Unsupported(RegistryError):
    pass


class Policy(RegistryError):
    pass


class Refused(RegistryError):
    details: tuple[str, ...] = ()
    """The digests that the registry named in its error, in its order, each once."""


class Conflict(RegistryError):
    pass


class UnknownOutcome(RegistryError):
    pass
