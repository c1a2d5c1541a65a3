"""Tags and the catalog, page by page, and never round in circles (docs/protocol-notes.md, E-01 to E-10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import count

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.server import Asked, Reply, error, jsoned
from tests.registry.tokens import TokenStub
from tui.registry.client import Client
from tui.registry.errors import Denied, NotARegistry, NotFound, RateLimited, TooLarge, Unsupported
from tui.registry.page import Page


async def collected(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def names(pages: list[Page]) -> list[str]:
    return [name for page in pages for name in page.names]


def paged(tags: list[str], size: int, link: str = '</v2/app/tags/list?n={n}&last={last}>; rel="next"'):  # type: ignore[no-untyped-def]
    def handler(asked: Asked) -> Reply:
        last = asked.query.get("last", [""])[0]
        at = tags.index(last) + 1 if last else 0
        part = tags[at : at + size]
        more = at + size < len(tags)
        reply = jsoned({"name": "app", "tags": part})
        if more:
            reply.headers.append(("Link", link.format(n=size, last=part[-1], host=asked.headers["host"])))
        return reply

    return handler


TAGS = [f"v{number}" for number in range(10)]


@pytest.mark.parametrize(
    "link",
    [
        '</v2/app/tags/list?n={n}&last={last}>; rel="next"',
        '<http://{host}/v2/app/tags/list?last={last}>; rel="next"',
        '</repository/hosted/v2/app/tags/list?last={last}>; rel="next"',
        '</p>; rel="prev", </v2/app/tags/list?last={last}>; rel=next',
    ],
)
async def test_paging(serve: Serve, client: Client, link: str) -> None:
    server = await serve(paged(TAGS, 3, link))
    pages = await collected(client.tags(server.address, "app"))
    assert names(pages) == TAGS and [page.complete for page in pages] == [False, False, False, True]
    assert server.asked[0].query["n"] == ["1000"]


async def test_a_link_that_points_to_itself(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: jsoned({"tags": TAGS}, Link=f'<{asked.target}>; rel="next"'))
    (page,) = await collected(client.tags(server.address, "app"))
    assert page.names == tuple(TAGS) and not page.complete and page.note


async def test_new_links_without_new_names(serve: Serve, client: Client) -> None:
    numbers = count()
    server = await serve(
        lambda asked: jsoned({"tags": TAGS}, Link=f'</v2/app/tags/list?last={next(numbers)}>; rel="next"')
    )
    pages = await collected(client.tags(server.address, "app"))
    assert names(pages) == TAGS and not pages[-1].complete and server.count() == 2


async def test_a_link_to_another_host_is_refused(serve: Serve, client: Client) -> None:
    attacker = await serve(lambda asked: jsoned({"tags": ["evil"]}))
    link = f'<http://localhost:{attacker.address.rpartition(":")[2]}/v2/app/tags/list?last=x>; rel="next"'
    server = await serve(lambda asked: jsoned({"tags": TAGS}, Link=link))
    (page,) = await collected(client.tags(server.address, "app"))
    assert not attacker.asked and not page.complete and "another host" in page.note


async def test_the_page_cap(serve: Serve, connect: Connect) -> None:
    numbers = count()

    def forever(asked: Asked) -> Reply:
        number = next(numbers)
        return jsoned({"tags": [f"t{number}"]}, Link=f'</v2/app/tags/list?last=t{number}>; rel="next"')

    server = await serve(forever)
    pages = await collected(connect(max_pages=7).tags(server.address, "app"))
    assert len(pages) == 7 and not pages[-1].complete and "list is cut" in pages[-1].note
    pages = await collected(connect(max_tags=3).tags(server.address, "app"))
    assert len(names(pages)) == 3 and "list is cut" in pages[-1].note


async def test_n_refused(serve: Serve, client: Client) -> None:
    server = await serve(
        lambda asked: error(400, "PAGINATION_NUMBER_INVALID") if "n" in asked.query else jsoned({"tags": TAGS})
    )
    (page,) = await collected(client.tags(server.address, "app"))
    assert page.complete and page.names == tuple(TAGS)


async def test_n_ignored(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda asked: jsoned({"tags": TAGS}))
    (page,) = await collected(connect(page_size=2).tags(server.address, "app"))
    assert page.complete and page.names == tuple(TAGS)


async def test_the_marker_vanished(serve: Serve, client: Client) -> None:
    """zot answers 404 when the last name was deleted between two pages (E-05)."""
    stub = paged(TAGS, 3)
    server = await serve(lambda asked: Reply(404) if "last" in asked.query else stub(asked))
    pages = await collected(client.tags(server.address, "app"))
    assert names(pages) == TAGS[:3] and "changed during reading" in pages[-1].note and not pages[-1].complete


async def test_what_came_is_kept_when_a_page_fails(serve: Serve, client: Client) -> None:
    stub = paged(TAGS, 3)
    server = await serve(lambda asked: Reply(403) if asked.query.get("last") == ["v5"] else stub(asked))
    pages = await collected(client.tags(server.address, "app"))
    assert names(pages) == TAGS[:6] and "page 3 failed" in pages[-1].note


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"name": "app", "tags": None}, ()),
        ({"name": "app"}, ()),
        ({"tags": []}, ()),
        ({"tags": ["a", "a", "b"]}, ("a", "b")),
        ({"tags": ["a", 5, None, "", {"x": 1}, "z" * 600]}, ("a",)),
        ({"tags": ["\u001b[31m", "[/]"]}, ("\u001b[31m", "[/]")),
        ({"tags": "abc"}, ()),
    ],
)
async def test_shapes(serve: Serve, client: Client, document: object, expected: tuple[str, ...]) -> None:
    server = await serve(lambda asked: jsoned(document))
    (page,) = await collected(client.tags(server.address, "app"))
    assert page.names == expected and page.complete


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff", b"{" * 50_000])
async def test_not_a_list(serve: Serve, client: Client, body: bytes) -> None:
    server = await serve(lambda asked: Reply(200, body=body))
    with pytest.raises(NotARegistry):
        await collected(client.tags(server.address, "app"))


async def test_repo_unknown(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: error(404, "NAME_UNKNOWN"))
    with pytest.raises(NotFound) as caught:
        await collected(client.tags(server.address, "app"))
    assert caught.value.repo_unknown


async def test_denied(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(403))
    with pytest.raises(Denied):
        await collected(client.tags(server.address, "app"))


async def test_too_large_a_page(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda asked: jsoned({"tags": TAGS * 100}))
    with pytest.raises(TooLarge):
        await collected(connect(max_page=1_000).tags(server.address, "app"))


async def test_catalog(serve: Serve, client: Client) -> None:
    stub = TokenStub(stub=lambda asked: jsoned({"repositories": ["a/b", "c"]}))
    server = await serve(stub)
    (page,) = await collected(client.catalog(server.address))
    assert page.names == ("a/b", "c") and stub.issued == [("registry:catalog:*",)]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
async def test_no_catalog_is_not_an_error_of_yours(serve: Serve, client: Client, status: int) -> None:
    server = await serve(lambda asked: Reply(status))
    with pytest.raises(Unsupported) as caught:
        await collected(client.catalog(server.address))
    assert "does not list its repositories" in caught.value.sentence


async def test_a_limited_catalog_is_limited(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(429, [("Retry-After", "3600")]))
    with pytest.raises(RateLimited):
        await collected(client.catalog(server.address))


async def test_null_catalog(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: jsoned({"repositories": None}))
    (page,) = await collected(client.catalog(server.address))
    assert page.names == () and page.complete


@pytest.mark.parametrize(
    ("bad", "note"),
    [
        ([7], "1 entry that is no name was left out."),
        ([7, None], "2 entries that are not names were left out."),
    ],
)
async def test_what_is_no_name_is_counted_in_words(serve: Serve, client: Client, bad: list[object], note: str) -> None:
    server = await serve(lambda asked: jsoned({"tags": [*bad, "v1"]}))
    pages = await collected(client.tags(server.address, "app"))
    assert (names(pages), pages[-1].note) == (["v1"], note)
