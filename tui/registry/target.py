"""From the user's names to addresses: scheme, host, `/v2/<repository>/...`, and the words for what is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote, urlencode

from tui.oci.digest import Digest
from tui.oci.reference import api_host
from tui.registry import scope
from tui.registry.errors import Unreachable
from tui.registry.origin import Address, Origin, UnusableUrl, parse
from tui.registry.settings import ClientSettings
from tui.text import safe

_SAFE = "/:@!$&'()*+,;=-._~"


class Targets:
    """Addresses in the registries, by the settings of each host."""

    def __init__(self, settings: ClientSettings, introduce: Callable[[Origin, str], None]) -> None:
        self._settings = settings
        self._introduce = introduce
        self._origins: dict[str, Origin] = {}
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
                known = parse(f"{'http' if plain else 'https'}://{api_host(registry)}/v2/").origin
            except UnusableUrl as error:
                raise Unreachable(f"{safe(registry, limit=200)} cannot be a registry's name: {error}.") from None
            self._origins[registry] = known
            self._introduce(known, registry)
        return known

    def forget(self, registry: str) -> None:
        """The registry's settings have changed: its addresses are worked out anew."""
        lowered = registry.lower()
        self._origins = {name: origin for name, origin in self._origins.items() if name.lower() != lowered}
        self._blobs.clear()

    def address(self, registry: str, repository: str, what: str, query: dict[str, str] | None = None) -> Address:
        """`what` is the encoded rest of the path ("manifests/1.0"); `repository` "" stands for the registry itself."""
        name = f"{quote(repository, safe=_SAFE)}/" if repository else ""
        asked = f"?{urlencode(query, safe=':/')}" if query else ""
        return Address(self.origin(registry), f"/v2/{name}{what}{asked}")

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
def pull(repository: str) -> tuple[str, ...]:
    return (scope.repository(repository, "pull"),)


def is_digest(selector: str) -> bool:
    """A tag cannot hold a colon."""
    return ":" in selector


def named(kind: str, repository: str, selector: str) -> str:
    """ "the manifest 1.0 of library/ubuntu", safe."""
    shown = Digest(selector).short if is_digest(selector) else safe(selector, limit=140)
    return f"the {kind} {shown} of {safe(repository, limit=260)}"
