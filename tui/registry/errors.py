"""What can go wrong between us and a registry, as one tree.

    RegistryError
    ├── NotFound         404/410, confirmed; `repo_unknown` when the repository itself is not known
    ├── Denied           401/403: it does not exist, or you may not see it
    ├── RateLimited      429, with the seconds left when they are known
    ├── Unreachable      no usable answer: DNS, refused, reset, 5xx after the retries
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
means that an object is missing.
"""

from __future__ import annotations


class RegistryError(Exception):
    """The root. `status` is the HTTP status (None: no answer), `code` the registry's own error code ("" if none),
    `request` the id of the exchange in the trace, `retry_after` seconds from now (None: unknown)."""

    def __init__(
        self,
        sentence: str,
        *,
        status: int | None = None,
        code: str = "",
        request: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.code = code
        self.request = request
        self.retry_after = retry_after


class NotFound(RegistryError):
    """`web_page`: the answer was a page as any web server sends it, with nothing of a registry's (see doubt.py)."""

    def __init__(
        self,
        sentence: str,
        *,
        repo_unknown: bool = False,
        confirmed: bool = True,
        web_page: bool = False,
        status: int | None = None,
        code: str = "",
        request: int | None = None,
    ) -> None:
        super().__init__(sentence, status=status, code=code, request=request)
        self.repo_unknown = repo_unknown
        self.confirmed = confirmed
        self.web_page = web_page


class Denied(RegistryError):
    pass


class RateLimited(RegistryError):
    """`pull_limit` is Docker Hub's allowance of pulls (waiting minutes does not help, logging in does)."""

    def __init__(
        self,
        sentence: str,
        *,
        pull_limit: bool = False,
        status: int | None = 429,
        code: str = "",
        request: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence, status=status, code=code, request=request, retry_after=retry_after)
        self.pull_limit = pull_limit


class Unreachable(RegistryError):
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
    """`raw` are the bytes as served (they may be shown), `field` the part that is wrong ("manifests[2].digest")."""

    def __init__(
        self, sentence: str, *, raw: bytes = b"", field: str = "", status: int | None = None, request: int | None = None
    ) -> None:
        super().__init__(sentence, status=status, request=request)
        self.raw = raw
        self.field = field


class Unsupported(RegistryError):
    pass


class Policy(RegistryError):
    pass


class Refused(RegistryError):
    """`details` are the digests that the registry named in its error, in its order, each once."""

    def __init__(
        self,
        sentence: str,
        *,
        details: tuple[str, ...] = (),
        status: int | None = None,
        code: str = "",
        request: int | None = None,
    ) -> None:
        super().__init__(sentence, status=status, code=code, request=request)
        self.details = details


class Conflict(RegistryError):
    pass


class UnknownOutcome(RegistryError):
    pass
