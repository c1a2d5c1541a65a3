"""What can happen to a registry's content."""

from __future__ import annotations

import httpx
import pytest

from tests.demo.helpers import ABSENT, shelve, shelve_index
from tui.demo.attest import sign
from tui.demo.faults import collect_garbage, cut_off, deny, limit_pulls, lose_blob, lose_manifest, slow_down
from tui.demo.images import Piece
from tui.demo.refusals import HangUp
from tui.demo.store import Store

LATEST = "/v2/app/manifests/latest"


async def test_losing_things(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    assert lose_blob(store, "app", one.layers[0].digest)
    assert not lose_blob(store, "app", one.layers[0].digest)
    assert (await http.head(f"/v2/app/blobs/{one.layers[0].digest}")).status_code == 404
    assert lose_manifest(store, "app", "latest")
    assert not lose_manifest(store, "app", "latest")
    assert not lose_manifest(store, "app", ABSENT)
    assert (await http.get("/v2/app/tags/list")).json()["tags"] == []


def test_garbage_collection_keeps_what_tags_need(store: Store) -> None:
    digest, images = shelve_index(store)
    garbage = shelve(store, tag="gone")
    store.repositories["app"].untag("gone")
    store.put_blob("app", b"never used")
    whole = store.repositories["app"].manifests[digest]
    signature = sign(store, "app", Piece(whole.raw, whole.media_type, digest))
    swept = collect_garbage(store, "app")
    kept = {digest, signature, *(one.manifest.digest for one in images)}
    assert set(store.repositories["app"].manifests) == kept | ({garbage.manifest.digest} & kept)
    assert len(swept.blobs) == 1
    assert all(store.has_blob("app", blob.digest) for one in images for blob in one.blobs)


def test_the_old_garbage_collection_loses_the_images_of_an_index(store: Store) -> None:
    digest, images = shelve_index(store)
    store.repositories["app"].tag("amd64", images[0].manifest.digest)
    swept = collect_garbage(store, "app", walk_indexes=False)
    assert swept.manifests == (images[1].manifest.digest,)
    assert set(store.repositories["app"].manifests) == {digest, images[0].manifest.digest}
    assert not store.has_blob("app", images[1].config.digest)
    assert store.has_blob("app", images[0].config.digest)


async def test_denying_and_allowing_again(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    deny(store, "app")
    assert (await http.get(LATEST)).status_code == 401
    deny(store, "app", on=False)
    assert (await http.get(LATEST)).status_code == 200


async def test_limiting_pulls(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    limit_pulls(store, "app", 1)
    assert [(await http.get(LATEST)).status_code for _ in range(2)] == [200, 429]
    limit_pulls(store, "app", 1)
    assert (await http.get(LATEST)).status_code == 200, "a new limit is a new window"
    limit_pulls(store, "app", 3)
    limit_pulls(store, "app", 0, window=600)
    told = await http.head(LATEST)
    assert told.headers["ratelimit-limit"] == "3;w=600", "the limit is as high as it was, others have used it up"
    assert told.headers["ratelimit-remaining"] == "0;w=600"
    limit_pulls(store, "app", None)
    assert [(await http.get(LATEST)).status_code for _ in range(3)] == [200] * 3


async def test_slow_and_cut_off(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    slow_down(store, "app", 0.05)
    cut_off(store, "app")
    with pytest.raises(HangUp):
        await http.get(LATEST)
    cut_off(store, "app", on=False)
    assert (await http.get(LATEST)).status_code == 200
    quirks = store.repositories["app"].quirks
    assert quirks is not None
    assert (quirks.latency, quirks.silent) == (0.05, False)
