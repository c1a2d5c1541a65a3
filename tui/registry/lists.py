"""Tags and repositories, page by page: a list is a claim, and it may be cut, refused, or go round in circles.

Distribution-spec "Listing tags": follow `Link: <..>; rel="next"` while there is one. Nothing here loops: a repeated
address, a page without a new name, the page cap and the name cap all end it, and the note says so.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from tui.oci.errors import MalformedDocument
from tui.oci.strict_json import loads
from tui.registry import scope
from tui.registry.answers import failure, is_html
from tui.registry.ask import Ask
from tui.registry.errors import Denied, NotARegistry, NotFound, RegistryError, Unsupported
from tui.registry.links import next_page
from tui.registry.origin import Address
from tui.registry.page import Page
from tui.registry.session import Session
from tui.registry.settings import ClientSettings
from tui.registry.target import Targets, pull
from tui.text import plural, safe

_JSON = (("Accept", "application/json"),)
_LONGEST_NAME = 512


class Lists:
    def __init__(self, session: Session, targets: Targets, settings: ClientSettings) -> None:
        self._session = session
        self._targets = targets
        self._settings = settings

    async def tags(self, registry: str, repository: str) -> AsyncGenerator[Page, None]:
        """Raises on the first page (NotFound with `repo_unknown`, Denied ...); a later page that fails ends the list
        with a note, because what came is worth keeping."""
        address = self._targets.address(registry, repository, "tags/list")
        what = f"the list of tags of {safe(repository, limit=260)}"
        async for page in self._pages(registry, repository, address, "tags", pull(repository), what):
            yield page

    async def catalog(self, registry: str) -> AsyncGenerator[Page, None]:
        """Unsupported when the registry does not offer one (most public ones)."""
        address = self._targets.address(registry, "", "_catalog")
        try:
            async for page in self._pages(
                registry, "", address, "repositories", (scope.CATALOG,), "the list of repositories"
            ):
                yield page
        except (Denied, NotFound, Unsupported) as error:
            raise Unsupported(
                f"{registry} does not list its repositories. Name one: {registry}/…",
                status=error.status,
                code=error.code,
                request=error.request,
            ) from error

    async def _pages(
        self, registry: str, repository: str, base: Address, key: str, scopes: tuple[str, ...], what: str
    ) -> AsyncGenerator[Page, None]:
        address: Address | None = base.with_query(f"n={self._settings.page_size}")
        asked: set[str] = set()
        seen: set[str] = set()
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
                if not seen:
                    raise
                yield Page((), False, _broken(error, count))
                return
            new = tuple(dict.fromkeys(name for name in listed if name not in seen))
            seen.update(new)
            note, following = self._next(following, note, asked, new, len(seen), count)
            yield Page(new, following is None and not note.startswith("The list"), note)
            address = following

    def _next(
        self, following: Address | None, note: str, asked: set[str], new: tuple[str, ...], names: int, pages: int
    ) -> tuple[str, Address | None]:
        if following is None:
            return note, None
        if str(following) in asked or not new:
            return "The list was ended here: the registry repeats itself instead of going on.", None
        if names >= self._settings.max_tags:
            return f"The list was cut here, after {names:,} names.", None
        if pages >= self._settings.max_pages:
            return f"The list was cut here, after {pages:,} pages.", None
        return note, following

    async def _page(
        self, registry: str, repository: str, address: Address, key: str, scopes: tuple[str, ...], what: str
    ) -> tuple[list[str], Address | None, str]:
        answer = await self._session.ask(
            Ask("GET", address, _JSON, limit=self._settings.max_page, scopes=scopes, repository=repository)
        )
        if not answer.ok:
            error = failure(answer, what, registry)
            if isinstance(error, NotFound) and repository:
                error.repo_unknown = True
                error.sentence = f"{registry} does not know the repository {safe(repository, limit=260)}."
            raise error
        try:
            document = loads(answer.body, limit=self._settings.max_page)
        except MalformedDocument as malformed:
            if is_html(answer):
                sentence = f"{registry} answered with a web page instead of {what}."
            else:
                sentence = f"{registry} answered with something that is not {what}: {malformed}"
            raise NotARegistry(sentence, status=answer.status, request=answer.exchange.id) from None
        if not isinstance(document, dict):
            raise NotARegistry(
                f"{registry} answered with something that is not {what}.",
                status=answer.status,
                request=answer.exchange.id,
            )
        names, note = _names(document.get(key))
        following, link_note = next_page(answer.address, answer.headers.get_list("link"))
        return names, following, link_note or note


def _names(value: Any) -> tuple[list[str], str]:
    """The names of a page; what is no name is left out, and that is said."""
    if value is None:
        return [], ""
    if not isinstance(value, list):
        return [], "The registry sent something that is not a list."
    names = [name for name in value if isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME]
    left_out = len(value) - len(names)
    return names, _left_out(left_out) if left_out else ""


def _left_out(count: int) -> str:
    said = plural(count, "entry that is no name was", "entries that are not names were")
    return f"{said} left out."


def _broken(error: RegistryError, page: int) -> str:
    if isinstance(error, NotFound):
        return "The list changed while it was read (the last name is gone): refresh to read it again."
    return f"The list is incomplete: page {page} failed. {error.sentence}"
