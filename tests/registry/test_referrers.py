"""Referrers by API and by fallback tag (docs/protocol-notes.md, H-01, H-02)."""

from __future__ import annotations

import json

import pytest

from tests.registry.conftest import Serve
from tests.registry.images import MANIFEST
from tests.registry.server import Asked, Reply, error, jsoned
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.reference import fallback_tag
from tui.registry.client import Client
from tui.registry.errors import Denied, NotFound, RateLimited

SUBJECT = Digest.of(MANIFEST)
TAG = fallback_tag(SUBJECT)


def listed(*names: str, kind: str = "application/x-sig") -> bytes:
    entries = [
        {"mediaType": media.OCI_MANIFEST, "digest": Digest.of(name.encode()), "size": 5, "artifactType": kind}
        for name in names
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}).encode()


def index_reply(raw: bytes, **headers: str) -> Reply:
    return Reply(200, [("Content-Type", media.OCI_INDEX), *headers.items()], raw)


async def test_by_api(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: index_reply(listed("a", "b")))
    found = await client.referrers(server.address, "app", SUBJECT)
    assert found.via == "api" and [entry.digest for entry in found.descriptors] == [Digest.of(b"a"), Digest.of(b"b")]
    assert server.asked[0].path == f"/v2/app/referrers/{SUBJECT}"


async def test_none_is_an_answer(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: index_reply(listed()))
    found = await client.referrers(server.address, "app", SUBJECT)
    assert found.via == "api" and found.descriptors == () and server.count() == 1


async def test_paged_and_each_once(serve: Serve, client: Client) -> None:
    def handler(asked: Asked) -> Reply:
        if "page" in asked.query:
            return index_reply(listed("b", "c"))
        return index_reply(listed("a", "b"), Link=f'<{asked.path}?page=2>; rel="next"')

    server = await serve(handler)
    found = await client.referrers(server.address, "app", SUBJECT)
    assert len(found.descriptors) == 3 and not found.note


async def test_a_loop_ends(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: index_reply(listed("a"), Link=f'<{asked.target}>; rel="next"'))
    found = await client.referrers(server.address, "app", SUBJECT)
    assert len(found.descriptors) == 1 and server.count() == 1 and found.note


@pytest.mark.parametrize(
    "answer",
    [
        Reply(404, [("Content-Type", "text/plain")], b"404 page not found"),
        Reply(405),
        Reply(400),
        Reply(406),
        Reply(501),
        Reply(303, [("Location", "https://github.example.com/page")]),
        Reply(200, [("Content-Type", "text/html")], b"<html>"),
        Reply(200, [("Content-Type", "application/json")], b"{}"),
    ],
)
async def test_not_offered_falls_back_to_the_tag(serve: Serve, client: Client, answer: Reply) -> None:
    def handler(asked: Asked) -> Reply:
        if "/referrers/" in asked.path:
            return answer
        if asked.path.endswith(f"/manifests/{TAG}"):
            return index_reply(listed("a", "a"))
        return error(404, "MANIFEST_UNKNOWN")

    server = await serve(handler)
    for _ in range(2):
        found = await client.referrers(server.address, "app", SUBJECT)
        assert found.via == "tag" and [entry.digest for entry in found.descriptors] == [Digest.of(b"a")]
    assert server.count(path="/referrers/") == 1, "that there is no API is remembered"


async def test_no_api_and_no_tag(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(404))
    found = await client.referrers(server.address, "app", SUBJECT)
    assert found.via == "none" and found.descriptors == () and not found.note


async def test_the_tag_holds_something_else(serve: Serve, client: Client) -> None:
    def handler(asked: Asked) -> Reply:
        if "/referrers/" in asked.path:
            return Reply(404)
        return Reply(200, [("Content-Type", media.OCI_MANIFEST)], MANIFEST)

    server = await serve(handler)
    found = await client.referrers(server.address, "app", SUBJECT)
    assert found.via == "none" and "not an index" in found.note


async def test_an_unknown_repository_is_not_a_missing_api(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: error(404, "NAME_UNKNOWN"))
    with pytest.raises(NotFound) as caught:
        await client.referrers(server.address, "app", SUBJECT)
    assert caught.value.repo_unknown


async def test_denied_and_limited_are_not_none(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(403))
    with pytest.raises(Denied):
        await client.referrers(server.address, "app", SUBJECT)
    server.handler = lambda asked: jsoned({}, 429, Retry_After="999")
    with pytest.raises(RateLimited):
        await client.referrers(server.address, "app", SUBJECT)
