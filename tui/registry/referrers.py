"""What refers to a manifest: the referrers API, and the fallback tag where that is not offered.

Distribution-spec "Listing referrers" and "Referrers tag schema". Supported means 200 with an index as Content-Type;
everything else that is not about the repository or our rights is "not offered".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDocument
from tui.oci.manifest import Index, decode
from tui.oci.reference import fallback_tag
from tui.registry.api_errors import read_error, read_errors
from tui.registry.endpoints import Address, Endpoints, Origin, object_name, pull_scope
from tui.registry.errors import InvalidManifest, NotFound
from tui.registry.listing import next_page
from tui.registry.manifests import Manifests
from tui.registry.middleware import Send
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings

_NOT_OFFERED = frozenset({400, 404, 405, 406, 415, 501})
_PAGES = 32


@dataclass(frozen=True, slots=True)
class Referrers:
    """`via` tells where they were found; `note` (safe) what is odd. Each digest once."""

    descriptors: tuple[Descriptor, ...]
    via: Literal["api", "tag", "none"]
    note: str = ""


class ReferrersReader:
    def __init__(self, send: Send, endpoints: Endpoints, settings: ClientSettings, manifests: Manifests) -> None:
        self._send = send
        self._endpoints = endpoints
        self._settings = settings
        self._manifests = manifests
        self._without: set[tuple[Origin, str]] = set()

    def forget(self, origin: Origin | None = None) -> None:
        self._without = {key for key in self._without if origin is not None and key[0] != origin}

    async def get(self, registry: str, repository: str, digest: Digest) -> Referrers:
        """Raises Denied, RateLimited, Unreachable ...; that there are none, or no API, is not an error."""
        origin = self._endpoints.origin(registry)
        if (origin, repository) not in self._without:
            referrers = await self._by_api(registry, repository, digest)
            if referrers is not None:
                return referrers
            self._without.add((origin, repository))
        return await self._by_tag(registry, repository, digest)

    async def _by_api(self, registry: str, repository: str, digest: Digest) -> Referrers | None:
        address: Address | None = self._endpoints.address(registry, repository, f"referrers/{digest}")
        descriptors: dict[Digest, Descriptor] = {}
        asked: set[str] = set()
        note = ""
        while address is not None and len(asked) < _PAGES and str(address) not in asked:
            asked.add(str(address))
            request = Request(
                "GET",
                address,
                (("Accept", media.OCI_INDEX),),
                limit=self._settings.max_page,
                scopes=pull_scope(repository),
                repository=repository,
                follow=False,
            )
            response = await self._send(request)
            page = self._page(response, registry, repository, digest)
            if page is None:
                if not descriptors:
                    return None
                note = "The list of referrers is incomplete: a later page failed."
                break
            for entry in page.entries:
                descriptors.setdefault(entry.digest, entry)
            address, link_note = next_page(response.address, response.headers.get_list("link"))
            note = note or link_note
        if address is not None and not note:
            note = "The list of referrers is cut."
        return Referrers(tuple(descriptors.values()), "api", note)

    def _page(self, response: Response, registry: str, repository: str, digest: Digest) -> Index | None:
        """None: the registry has no such API."""
        if 300 <= response.status < 400 or response.status in _NOT_OFFERED:
            codes = read_errors(response.body, response.media_type).codes
            if response.status == 404 and "NAME_UNKNOWN" in codes:
                raise read_error(response, object_name("list of referrers of", repository, digest), registry)
            return None
        if not response.ok:
            raise read_error(response, object_name("list of referrers of", repository, digest), registry)
        if not media.is_index(response.media_type):
            return None
        try:
            index = decode(response.body, response.headers.get("content-type"))
        except MalformedDocument:
            return None
        return index if isinstance(index, Index) else None

    async def _by_tag(self, registry: str, repository: str, digest: Digest) -> Referrers:
        tag = fallback_tag(digest)
        try:
            index = await self._manifests.get(registry, repository, tag, fresh=True)
        except NotFound as error:
            if error.repo_unknown:
                raise
            return Referrers((), "none")
        except InvalidManifest:
            return Referrers((), "none", f"The tag {tag} is not an index.")
        if not isinstance(index, Index):
            return Referrers((), "none", f"The tag {tag} is not an index.")
        unique = {entry.digest: entry for entry in reversed(index.entries)}
        return Referrers(tuple(reversed(unique.values())), "tag")
