"""Tags and repositories, page by page: a list is a claim, and it may be cut, refused, or go round in circles.

Distribution-spec "Listing tags": follow `Link: <..>; rel="next"` while there is one. Nothing here loops: a repeated
address, a page without a new name, the page cap and the name cap all end it, and the note says so.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from tui.oci.errors import MalformedDocument
from tui.oci.strict_json import loads
from tui.registry.api_errors import is_html, read_error
from tui.registry.endpoints import CATALOG_SCOPE, Address, Endpoints, UnusableUrl, pull_scope, resolve_address
from tui.registry.errors import Denied, NotARegistry, NotFound, RegistryError, Unsupported
from tui.registry.middleware import Send
from tui.registry.page import Page
from tui.registry.request import Request
from tui.registry.settings import ClientSettings
from tui.text import plural, safe

_JSON = (("Accept", "application/json"),)
_LONGEST_NAME = 512
_LONGEST_LINE = 16_384
_PARAMETER = re.compile(
    r"""\s*;\s*([A-Za-z0-9!#$&+.^_`|~*-]{1,64})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*))""", re.ASCII
)


class Listing:
    def __init__(self, send: Send, endpoints: Endpoints, settings: ClientSettings) -> None:
        self._send = send
        self._endpoints = endpoints
        self._settings = settings

    async def tags(self, registry: str, repository: str) -> AsyncGenerator[Page, None]:
        """Raises on the first page (NotFound with `repo_unknown`, Denied ...); a later page that fails ends the list
        with a note, because what came is worth keeping."""
        address = self._endpoints.address(registry, repository, "tags/list")
        what = f"the list of tags of {safe(repository, limit=260)}"
        async for page in self._pages(registry, repository, address, "tags", pull_scope(repository), what):
            yield page

    async def catalog(self, registry: str) -> AsyncGenerator[Page, None]:
        """Unsupported when the registry does not offer one (most public ones)."""
        address = self._endpoints.address(registry, "", "_catalog")
        try:
            async for page in self._pages(
                registry, "", address, "repositories", (CATALOG_SCOPE,), "the list of repositories"
            ):
                yield page
        except (Denied, NotFound, Unsupported) as error:
            raise Unsupported(
                f"{registry} does not list its repositories. Name one: {registry}/…",
                status=error.status,
                code=error.code,
                exchange_id=error.exchange_id,
            ) from error

    async def _pages(
        self, registry: str, repository: str, base: Address, key: str, scopes: tuple[str, ...], what: str
    ) -> AsyncGenerator[Page, None]:
        address: Address | None = base.with_query(f"n={self._settings.page_size}")
        asked: set[str] = set()
        known: set[str] = set()
        count = 0
        while address is not None:
            count += 1
            asked.add(str(address))
            try:
                listed, following, note = await self._page(registry, repository, address, key, scopes, what)
            except RegistryError as error:
                if count == 1 and error.status == 400 and address.query:
                    # distribution 3.1.0, ECR: `n` above their own maximum is an error
                    address = base
                    continue
                if not known:
                    raise
                yield Page((), False, _broken(error, count))
                return
            new = tuple(dict.fromkeys(name for name in listed if name not in known))
            known.update(new)
            note, following = self._next(following, note, asked, new, len(known), count)
            yield Page(new, following is None and not note.startswith("The list"), note)
            address = following

    def _next(
        self, following: Address | None, note: str, asked: set[str], new: tuple[str, ...], names: int, pages: int
    ) -> tuple[str, Address | None]:
        if following is None:
            return note, None
        if str(following) in asked or not new:
            return "The list is cut: the registry repeats its pages.", None
        if names >= self._settings.max_tags:
            return f"The list is cut after {names:,} names.", None
        if pages >= self._settings.max_pages:
            return f"The list is cut after {pages:,} pages.", None
        return note, following

    async def _page(
        self, registry: str, repository: str, address: Address, key: str, scopes: tuple[str, ...], what: str
    ) -> tuple[list[str], Address | None, str]:
        response = await self._send(
            Request("GET", address, _JSON, limit=self._settings.max_page, scopes=scopes, repository=repository)
        )
        if not response.ok:
            error = read_error(response, what, registry)
            if isinstance(error, NotFound) and repository:
                raise NotFound(
                    f"Repository unknown to {registry}: {safe(repository, limit=260)}.",
                    repo_unknown=True,
                    web_page=error.web_page,
                    status=error.status,
                    code=error.code,
                    exchange_id=error.exchange_id,
                )
            raise error
        try:
            document = loads(response.body, limit=self._settings.max_page)
        except MalformedDocument as malformed:
            if is_html(response):
                sentence = f"{registry} answered with a web page instead of {what}."
            else:
                sentence = f"{registry} sent a malformed answer for {what}: {malformed}"
            raise response.error(NotARegistry, sentence) from None
        if not isinstance(document, dict):
            raise response.error(NotARegistry, f"{registry} sent a malformed answer for {what}.")
        names, note = _names(document.get(key))
        following, link_note = next_page(response.address, response.headers.get_list("link"))
        return names, following, link_note or note


def _names(value: Any) -> tuple[list[str], str]:
    """The names of a page; what is no name is left out, and that is said."""
    if value is None:
        return [], ""
    if not isinstance(value, list):
        return [], "The registry sent no list."
    names = [name for name in value if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME]
    left_out = len(value) - len(names)
    return names, _left_out(left_out) if left_out else ""


def _left_out(count: int) -> str:
    entries = plural(count, "entry that is no name was", "entries that are not names were")
    return f"{entries} left out."


def _broken(error: RegistryError, page: int) -> str:
    if isinstance(error, NotFound):
        return "The list changed during reading (the last name is gone): refresh."
    return f"The list is incomplete: page {page} failed. {error.sentence}"


def next_target(lines: Iterable[str]) -> str | None:
    """The target of the first link whose relation is `next`; never raises."""
    for line in lines:
        for target, relations in _links(line[:_LONGEST_LINE]):
            if "next" in relations:
                return target
    return None


def next_page(asked: Address, lines: Iterable[str]) -> tuple[Address | None, str]:
    """The next page's address and a note (safe text, "" when there is nothing to say).

    Same origin and same path: as sent. Another path, or http where we asked by https: only its query, on our own
    path. Another host: not followed, and said so.
    """
    target = next_target(lines)
    if target is None:
        return None, ""
    try:
        there = resolve_address(asked, target)
    except UnusableUrl as error:
        return None, f"The list may go on: the link to its next page cannot be used, {error}."
    if there.origin.host != asked.origin.host:
        return None, "The list may go on: the link to its next page points to another host and was not followed."
    if there.origin == asked.origin and there.path == asked.path:
        return there, ""
    if not there.query:
        return None, "The list may go on: the link to its next page leads nowhere that can be used."
    return Address(asked.origin, f"{asked.path}?{there.query}"), ""


def _links(text: str) -> Iterable[tuple[str, set[str]]]:
    at = 0
    while True:
        start = text.find("<", at)
        end = text.find(">", start + 1)
        if start < 0 or end < 0:
            return
        target, at = text[start + 1 : end].strip(), end + 1
        relations: set[str] = set()
        while (match := _PARAMETER.match(text, at)) is not None:
            at = match.end()
            if match.group(1).lower() == "rel":
                value = match.group(2) if match.group(2) is not None else match.group(3)
                relations |= set(value.lower().split())
        yield target, relations
