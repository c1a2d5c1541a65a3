"""Everything that real registries do differently, as switches.

Each field is the right behaviour by default. A store has one set for all its repositories, and each repository can
have its own. Which registries behave so is told where it is known; the tests of the client turn these on one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: Which requests a limit concerns. "children" are manifests asked by digest; "tags" are manifests asked by tag.
Scope = Literal["all", "blobs", "children", "tags", "lists", "uploads"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """Switchable behaviour of one repository, or of the whole registry. Times are in seconds."""

    latency: float = 0.0
    """Waited before every answer."""

    # Whole answers
    html: bool = False
    """A captive portal: 200 and a web page, whatever is asked."""
    always_ok: bool = False
    """200 with an empty body and no digest, whatever is asked."""
    always_401: bool = False
    """A challenge that no token satisfies."""
    silent: bool = False
    """The connection is closed without an answer, whatever is asked."""
    denied: frozenset[str] = frozenset()
    """Digests that are answered with 403 DENIED: a policy on single objects (Artifactory, Harbor, Quay)."""
    broken: frozenset[str] = frozenset()
    """Digests that are answered with 500."""
    lost: frozenset[str] = frozenset()
    """Digests for which the connection is closed without an answer."""

    # Rate limits
    limit_every: int = 0
    """Every nth request that `limited` names gets 429; 1 is each of them, 0 none."""
    limit_after: int | None = None
    """After so many requests within `limit_window` each further one gets 429, until the window ends."""
    limit_window: float = 60.0
    limited: frozenset[Scope] = frozenset({"all"})
    retry_after: str | None = "1"
    """The Retry-After of those answers; None leaves it out, "window" tells what is left of the window."""
    limit_code: str = "TOOMANYREQUESTS"
    limit_message: str = "too many requests"
    pulls: int | None = None
    """How many manifest GETs the window holds, told in `ratelimit-*` headers as Docker Hub does; HEAD is free."""
    pulls_window: float = 21_600.0

    # HEAD, digests, bodies
    head: Literal["right", "refused", "hidden"] = "right"
    """"refused": 405. "hidden": 404 for blobs that a GET finds (pull-through caches)."""
    digest_header: Literal["right", "absent", "wrong"] = "right"
    content_type: str | None = None
    """Sent with manifests instead of their media type."""
    accept: Literal["right", "unknown", "substitute"] = "right"
    """When the type is not accepted: 406; or 404 MANIFEST_UNKNOWN; or, for an index, its linux/amd64 child."""
    ranges: bool = True
    """Whether Range is honoured."""
    body: Literal["right", "truncated", "endless", "drip", "bomb", "corrupt"] = "right"
    """Of blobs and manifests that are read: cut short; never ending; a byte at a time; a gzip bomb; other bytes of the
    same length."""
    redirect: Literal["none", "here", "get-only", "loop"] = "none"
    """Blobs are answered with 307 to a storage address that refuses any Authorization, as cloud storage does.
    "get-only": that address answers HEAD with 403, as one that was signed for GET does. "loop": back to itself."""
    redirect_to: str = ""
    """Scheme and host of the storage; "" is this registry."""
    wrong_length: int = 0
    """Added to the Content-Length that HEAD tells."""

    # Lists
    page_limit: int = 1_000
    ignore_n: bool = False
    null_tags: bool = False
    listed: tuple[str, ...] = ()
    """Names that the tag list ends with although there are no such tags; they need not even be valid."""
    link: Literal["relative", "absolute", "loop", "none", "elsewhere"] = "relative"
    catalog: bool = True
    referrers: Literal["right", "absent", "html", "unfiltered"] = "right"

    # Writing
    mount: Literal["right", "session", "refused", "denied"] = "right"
    """"session": always 202. "refused": 405. "denied": 401, as Harbor for an absent project."""
    location: Literal["path", "absolute", "query"] = "path"
    """Shape of an upload's Location; "query" adds a state parameter that must come back."""
    drop_put: int = 0
    """So many of the next manifest PUTs are applied, and then the connection is closed without an answer."""
    immutable: bool = False
    """A tag that exists cannot be moved: 409."""
    child_check: bool = True
    """Whether a pushed manifest's blobs and children must exist in the repository."""
    subject_header: bool = True
    tags_in_one: int | None = None
    """Of the tags that a PUT by digest asks for (`?tag=`) so many are made and named in the answer's OCI-Tag: 0 as in
    the registries that do not know this, which still take the manifest; None all."""
    lag: int = 0
    """So many reads of a tag after it was pushed still see what it was before: a replica that lags behind."""
    moves: Mapping[str, str] = field(default_factory=dict)
    """Tag to digest: after the tag was read once it points there, as if somebody else had pushed in between."""
    delete: bool = True
    """Whether manifests and blobs can be deleted; 405 where not."""


RIGHT = Quirks()
