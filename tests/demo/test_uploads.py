"""Uploads in every way that clients use, and what they may not do."""

from __future__ import annotations

import httpx
import pytest

from tests.demo.helpers import ABSENT, code
from tui.demo.paths import digest_of
from tui.demo.quirks import Quirks
from tui.demo.registry_app import EmbeddedRegistry
from tui.demo.store import Limits, Store

DATA = b"a layer's bytes"
DIGEST = digest_of(DATA)


async def begin(http: httpx.AsyncClient, name: str = "app") -> str:
    answer = await http.post(f"/v2/{name}/blobs/uploads/")
    assert (answer.status_code, answer.headers["range"]) == (202, "0-0")
    return answer.headers["location"]


async def test_post_then_put(store: Store, http: httpx.AsyncClient) -> None:
    where = await begin(http)
    answer = await http.put(where, params={"digest": DIGEST}, content=DATA)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v2/app/blobs/{DIGEST}"
    assert answer.headers["docker-content-digest"] == DIGEST
    assert store.blob("app", DIGEST) == DATA
    assert not store.uploads


async def test_a_single_post_will_do(store: Store, http: httpx.AsyncClient) -> None:
    answer = await http.post("/v2/app/blobs/uploads/", params={"digest": DIGEST}, content=DATA)
    assert answer.status_code == 201
    assert store.has_blob("app", DIGEST)


async def test_chunks_in_order(store: Store, http: httpx.AsyncClient) -> None:
    where = await begin(http)
    first = await http.patch(where, content=DATA[:5], headers={"Content-Range": "0-4"})
    assert (first.status_code, first.headers["range"]) == (202, "0-4")
    wrong = await http.patch(first.headers["location"], content=b"x", headers={"Content-Range": "9-9"})
    assert (wrong.status_code, wrong.headers["range"]) == (416, "0-4")
    asked = await http.get(where)
    assert (asked.status_code, asked.headers["range"]) == (204, "0-4")
    second = await http.patch(where, content=DATA[5:9], headers={"Content-Range": f"5-{8}"})
    assert second.headers["range"] == "0-8"
    done = await http.put(where, params={"digest": DIGEST}, content=DATA[9:], headers={"Content-Range": "9-14"})
    assert done.status_code == 201
    assert store.blob("app", DIGEST) == DATA


async def test_streamed_chunks_without_a_range(store: Store, http: httpx.AsyncClient) -> None:
    where = await begin(http)
    assert (await http.patch(where, content=DATA)).status_code == 202
    assert (await http.put(where, params={"digest": DIGEST})).status_code == 201


async def test_sha512_and_empty_blobs(store: Store, http: httpx.AsyncClient) -> None:
    for data, algorithm in ((DATA, "sha512"), (b"", "sha256"), (b"{}", "sha256")):
        digest = digest_of(data, algorithm)
        where = await begin(http)
        assert (await http.put(where, params={"digest": digest}, content=data)).status_code == 201
        assert (await http.get(f"/v2/app/blobs/{digest}")).content == data


@pytest.mark.parametrize("digest", [ABSENT, "sha256:short", "", None])
async def test_the_digest_must_be_right(store: Store, http: httpx.AsyncClient, digest: str | None) -> None:
    where = await begin(http)
    answer = await http.put(where, params={} if digest is None else {"digest": digest}, content=DATA)
    assert (answer.status_code, code(answer.content)) == (400, "DIGEST_INVALID")
    assert not store.has_blob("app", DIGEST)


async def test_cancelling(store: Store, http: httpx.AsyncClient) -> None:
    where = await begin(http)
    assert (await http.delete(where)).status_code == 204
    again = await http.delete(where)
    assert (again.status_code, code(again.content)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert not store.uploads


async def test_a_session_belongs_to_its_repository(http: httpx.AsyncClient) -> None:
    where = await begin(http, "app")
    answer = await http.put(where.replace("/app/", "/other/"), params={"digest": DIGEST}, content=DATA)
    assert (answer.status_code, code(answer.content)) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_mounting(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("source/deep", DATA)
    mounted = await http.post("/v2/app/blobs/uploads/", params={"mount": DIGEST, "from": "source/deep"})
    assert (mounted.status_code, mounted.headers["docker-content-digest"]) == (201, DIGEST)
    assert store.has_blob("app", DIGEST)
    for params in ({"mount": ABSENT, "from": "source/deep"}, {"mount": DIGEST, "from": "none"}, {"mount": DIGEST}):
        began = await http.post("/v2/third/blobs/uploads/", params=params)
        assert began.status_code == 202, params
        done = await http.put(began.headers["location"], params={"digest": DIGEST}, content=DATA)
        assert done.status_code == 201
    assert not store.uploads


@pytest.mark.parametrize(("mount", "status"), [("session", 202), ("refused", 405), ("denied", 401)])
async def test_mounts_that_are_not_done(store: Store, http: httpx.AsyncClient, mount: str, status: int) -> None:
    store.put_blob("source", DATA)
    store.quirks = Quirks(mount=mount)  # type: ignore[arg-type]
    answer = await http.post("/v2/app/blobs/uploads/", params={"mount": DIGEST, "from": "source"})
    assert answer.status_code == status
    assert not store.has_blob("app", DIGEST)


@pytest.mark.parametrize("shape", ["path", "absolute", "query"])
async def test_locations_of_every_shape_lead_on(store: Store, http: httpx.AsyncClient, shape: str) -> None:
    store.quirks = Quirks(location=shape)  # type: ignore[arg-type]
    where = (await http.post("/v2/app/blobs/uploads/")).headers["location"]
    assert where.startswith("http://registry.localhost/") is (shape == "absolute")
    joint = "&" if "?" in where else "?"
    assert (await http.put(f"{where}{joint}digest={DIGEST}", content=DATA)).status_code == 201


async def test_bounds() -> None:
    store = Store(limits=Limits(blob=10, total=25, uploads=3))
    transport = httpx.ASGITransport(app=EmbeddedRegistry(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.localhost") as http:
        where = await begin(http)
        large = await http.put(where, params={"digest": DIGEST}, content=DATA)
        assert (large.status_code, code(large.content)) == (413, "SIZE_INVALID")

        async def unannounced() -> object:
            for _ in range(3):
                yield b"12345"

        streamed = await http.patch(where, content=unannounced())  # type: ignore[arg-type]
        assert streamed.status_code == 413
        assert (await http.get(where)).headers["range"] == "0-0", "a refused chunk leaves nothing behind"

        others = [await begin(http), await begin(http)]
        for number, other in enumerate(others):
            assert (await http.patch(other, content=bytes([number]) * 10)).status_code == 202
        assert (await http.patch(where, content=b"123456")).status_code == 507
        assert (await http.patch(where, content=b"12345")).status_code == 202

        await begin(http)
        assert len(store.uploads) == 3
        assert (await http.get(others[0])).status_code == 404, "the session that was left alone the longest made room"
        assert (await http.get(where)).status_code == 204


@pytest.mark.parametrize("digest", [ABSENT, "sha256:short"])
async def test_a_refused_single_post_leaves_no_session(store: Store, http: httpx.AsyncClient, digest: str) -> None:
    answer = await http.post("/v2/app/blobs/uploads/", params={"digest": digest}, content=DATA)
    assert answer.status_code == 400
    assert not store.uploads


async def test_names(http: httpx.AsyncClient) -> None:
    for bad in ("App", "a//b", "a..b", "-a", "a_", "a/_b", "a" * 256):
        answer = await http.post(f"/v2/{bad}/blobs/uploads/")
        assert (answer.status_code, code(answer.content)) == (400, "NAME_INVALID"), bad
    for good in ("a", "a/b/c", "a__b", "a--b/c.d_e", "a" * 255, "blobs/uploads", "manifests/x"):
        assert (await http.post(f"/v2/{good}/blobs/uploads/")).status_code == 202, good
