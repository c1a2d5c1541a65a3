"""Where a registry is: its origin, the addresses below `/v2/`, the token scopes, and the words for what is asked.

Origins (scheme, host, port) decide whether a credential may go along. Scopes (`repository:<name>:<actions>`,
distribution's token scope grammar) are kept in one canonical form: two entries for one repository made a token server
drop the push right, and the name may hold colons of its own (a port), so an entry is split from both ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import quote

from tui.oci.digest import Digest
from tui.oci.reference import api_host
from tui.registry.errors import Unreachable
from tui.registry.settings import ClientSettings
from tui.text import safe

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[0-9a-z._-]+|[0-9a-f.:]+")
"""No percent signs: neither escapes, which some would undo, nor the zone of an IPv6 address."""
_REGISTRY = re.compile(r"(?:\[([0-9A-Fa-f.:]{1,64})\]|([0-9A-Za-z._-]{1,255}))(?::([0-9]{1,5}))?")
_NUMBERS = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9]{7,}")
"""An IPv4 address, or another spelling of one, which is not taken for one."""


class Origin(NamedTuple):
    """RFC 6454 section 4: two URLs share credentials only when all three agree."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return _written(self)


@lru_cache(maxsize=1_024)
def _written(origin: Origin) -> str:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    port = "" if origin.port == _PORTS.get(origin.scheme) else f":{origin.port}"
    return f"{origin.scheme}://{host}{port}"


class UnusableUrl(ValueError):
    """A URL from a server that we will not go to; the text says why and holds nothing of the URL's secrets."""


class Address(NamedTuple):
    """Where one request goes. `target` is the request target as it goes on the wire: the path and the query, encoded.

    The URLs of the API are made of known parts, so they need no parser (httpx's takes 16 us, a fifth of a request);
    what a server sends goes through `resolve_address`.
    """

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def with_query(self, addition: str) -> Address:
        """`addition` (encoded) appended; what is there stays as it is, byte for byte: it may be signed."""
        return self._replace(target=f"{self.target}{'&' if '?' in self.target else '?'}{addition}")


def parse_address(text: str) -> Address:
    """An absolute http(s) URL that a server, a file or a user named. Raises UnusableUrl."""
    return _read(text)


def resolve_address(base: Address, text: str) -> Address:
    """A URL reference that a server sent, resolved against the address that was asked. Raises UnusableUrl."""
    return _read(text, base)


def _read(text: str, base: Address | None = None) -> Address:
    if not text or len(text) > 16_384 or any(ord(c) < 0x21 or ord(c) > 0x7E for c in text) or "\\" in text:
        raise UnusableUrl("it is empty, too long, or holds characters that a URL cannot have")
    from tui.registry.httpx_library import httpx  # late: 14 ms, and most answers name no address

    try:
        url = httpx.URL(text) if base is None else httpx.URL(str(base)).join(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise UnusableUrl("it is not a URL") from error
    if url.scheme not in _PORTS:
        raise UnusableUrl("it is not an http or https address")
    if not url.host:
        raise UnusableUrl("it names no host")
    if url.userinfo or b"@" in url.netloc:
        raise UnusableUrl("it carries a user name or password")
    origin = _origin(url.scheme, url.raw_host.decode("ascii").strip("[]"), url.port)
    return Address(origin, url.raw_path.decode("ascii") or "/")


def _origin(scheme: str, host: str, port: int | None) -> Origin:
    """`port` None: the usual one. Raises UnusableUrl."""
    port = _PORTS[scheme] if port is None else port
    if not 0 < port < 65_536:
        raise UnusableUrl("its port does not exist")
    host = host.lower()
    if _HOST.fullmatch(host) is None:
        raise UnusableUrl("its host holds characters that a name cannot have")
    return Origin(scheme, host, port)


def _registry_origin(scheme: str, name: str) -> Origin:
    """Of HOST, HOST:PORT or [IPV6]:PORT, which is how registries are named. It says what `parse_address` would say of a
    URL of them, and loads no library for it. Raises UnusableUrl."""
    found = _REGISTRY.fullmatch(name)
    if found is None:
        raise UnusableUrl("it is not HOST or HOST:PORT")
    six, host, port = found.groups()
    if six or _NUMBERS.fullmatch(host):
        try:
            ip_address(six or host)
        except ValueError:
            raise UnusableUrl("it looks like an IP address and is none") from None
    return _origin(scheme, six or host, int(port) if port else None)


CATALOG_SCOPE = "registry:catalog:*"


def repository_scope(name: str, *actions: str) -> str:
    return f"repository:{name}:{','.join(sorted(actions))}"


def canonical_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Merged by resource, actions sorted and without repeats, `*` swallowing the rest; in order of first mention.

    The order is kept because some token servers honour only the first scope: the caller puts first what matters.
    Entries that are not `type:name:actions` are kept as they are.
    """
    merged: dict[str, set[str] | None] = {}
    for scope in scopes:
        split = _split_scope(scope)
        if split is None:
            if scope:
                merged.setdefault(scope, None)
            continue
        resource, actions = split
        known = merged.setdefault(resource, set())
        if known is not None:
            known.update(actions)
    out = []
    for resource, actions_of in merged.items():
        if actions_of is None:
            out.append(resource)
        elif actions_of:
            out.append(f"{resource}:{'*' if '*' in actions_of else ','.join(sorted(actions_of))}")
    return tuple(out)


def limited_scopes(demanded: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """What to ask for when the registry demands scopes: ours, and of the demanded ones those about other resources.

    A registry that demands `push` for a read does not get it asked: browsing asks for `pull` only.
    """
    ours = canonical_scopes(wanted)
    resources = {split[0] for scope in ours if (split := _split_scope(scope)) is not None}
    foreign = [
        scope
        for scope in canonical_scopes(demanded)
        if (split := _split_scope(scope)) is None
        or (split[0] not in resources and not (resources and _is_for_writing(split[1])))
    ]
    return canonical_scopes((*ours, *foreign))


def _is_for_writing(actions: Iterable[str]) -> bool:
    return any(action in ("push", "delete") for action in actions)


def _split_scope(scope: str) -> tuple[str, list[str]] | None:
    kind, colon, rest = scope.partition(":")
    name, last, actions = rest.rpartition(":")
    if not (colon and last and kind and name):
        return None
    return f"{kind}:{name}", [action for action in actions.split(",") if action]


_SAFE = "/:@!$&'()*+,;=-._~"


class Endpoints:
    """Addresses in the registries, by the settings of each host, and the user's names for them."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._origins: dict[str, Origin] = {}
        self._names: dict[Origin, str] = {}
        self._blobs: dict[tuple[str, str], Address] = {}

    @property
    def named(self) -> tuple[str, ...]:
        """The registries whose addresses were wanted until now."""
        return tuple(self._origins)

    def origin(self, registry: str) -> Origin:
        """https, but plain http for loopback hosts (unless something says that they speak TLS) and for those that the
        user named. Raises Unreachable for a name that cannot be a host."""
        known = self._origins.get(registry)
        if known is None:
            plain = self._settings.host(registry).speaks_http(registry)
            try:
                known = _registry_origin("http" if plain else "https", api_host(registry))
            except UnusableUrl as error:
                raise Unreachable(f"{safe(registry, limit=200)} is not a registry name: {error}.") from None
            self._origins[registry] = known
            self._names.setdefault(known, registry)
        return known

    def name(self, origin: Origin) -> str:
        """The user's name for an origin, which decides trust, slots and words; else its host, with its port."""
        return self._names.get(origin) or str(origin).partition("://")[2]

    def is_trusted(self, host: str) -> bool:
        """Whether the user has configured a host of this name (without its port)."""
        return any(name.lower().rpartition(":")[0] == host or name.lower() == host for name in self._settings.hosts)

    def forget(self, registry: str) -> None:
        """The registry's settings have changed: its addresses are worked out anew."""
        lowered = registry.lower()
        self._origins = {name: origin for name, origin in self._origins.items() if name.lower() != lowered}
        self._blobs.clear()

    def address(self, registry: str, repository: str, what: str) -> Address:
        """`what` is the encoded rest of the path ("manifests/1.0"); `repository` "" stands for the registry itself."""
        name = f"{quote(repository, safe=_SAFE)}/" if repository else ""
        return Address(self.origin(registry), f"/v2/{name}{what}")

    def manifest(self, registry: str, repository: str, selector: str) -> Address:
        return self.address(registry, repository, f"manifests/{quote(selector, safe=_SAFE)}")

    def blob(self, registry: str, repository: str, digest: str) -> Address:
        key = (registry, repository)
        known = self._blobs.get(key)
        if known is None:
            if len(self._blobs) >= 1_024:
                self._blobs.clear()
            known = self._blobs[key] = self.address(registry, repository, "blobs/")
        return Address(known.origin, known.target + digest)


@lru_cache(maxsize=1_024)
def pull_scope(repository: str) -> tuple[str, ...]:
    return (repository_scope(repository, "pull"),)


def push_scope(repository: str) -> tuple[str, ...]:
    return (repository_scope(repository, "pull", "push"),)


def is_digest(selector: str) -> bool:
    """A tag cannot hold a colon."""
    return ":" in selector


def object_name(kind: str, repository: str, selector: str) -> str:
    """ "the manifest 1.0 of library/ubuntu", safe."""
    shown = Digest(selector).short if is_digest(selector) else safe(selector, limit=140)
    return f"the {kind} {shown} of {safe(repository, limit=260)}"
