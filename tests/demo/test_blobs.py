"""Blobs: existence belongs to the repository, whole and ranged reads, deletion."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.helpers import ABSENT, code
from tui.demo.blobs import byte_range
from tui.demo.store import Store


async def test_head_tells_length_and_digest_and_no_body(store: Store, http: httpx.AsyncClient) -> None:
    digest = store.put_blob("app", b"hello")
    answer = await http.head(f"/v2/app/blobs/{digest}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "5"
    assert answer.headers["docker-content-digest"] == digest
    assert (await http.get(f"/v2/app/blobs/{digest}")).content == b"hello"


async def test_a_blob_of_another_repository_is_not_there(store: Store, http: httpx.AsyncClient) -> None:
    digest = store.put_blob("app", b"hello")
    store.put_blob("other", b"something")
    assert (await http.head(f"/v2/other/blobs/{digest}")).status_code == 404
    absent = await http.get(f"/v2/nowhere/blobs/{digest}")
    assert (absent.status_code, code(absent.content)) == (404, "BLOB_UNKNOWN")
    assert absent.json()["errors"][0]["detail"] == {"digest": digest}


async def test_ranges(store: Store, http: httpx.AsyncClient) -> None:
    digest = store.put_blob("app", b"0123456789")
    url = f"/v2/app/blobs/{digest}"
    for asked, told, body in (
        ("bytes=0-0", "bytes 0-0/10", b"0"),
        ("bytes=3-5", "bytes 3-5/10", b"345"),
        ("bytes=8-99", "bytes 8-9/10", b"89"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-2", "bytes 8-9/10", b"89"),
    ):
        answer = await http.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"], answer.content) == (206, told, body), asked
    beyond = await http.get(url, headers={"Range": "bytes=10-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */10")
    for odd in ("lines=0-1", "bytes=5-2", "bytes=0-1,3-4", "bytes=x"):
        assert (await http.get(url, headers={"Range": odd})).status_code == 200, odd


async def test_a_range_of_an_empty_blob_cannot_be_satisfied(store: Store, http: httpx.AsyncClient) -> None:
    digest = store.put_blob("app", b"")
    answer = await http.get(f"/v2/app/blobs/{digest}", headers={"Range": "bytes=0-0"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */0")


@given(st.text(max_size=30), st.integers(0, 50))
def test_any_range_header_gives_a_span_within_the_blob(header: str, length: int) -> None:
    span = byte_range(header, length)
    assert span is None or (span[0] >= 0 and span[1] <= length)


@pytest.mark.parametrize("digest", ["sha256:abc", "md5:" + "0" * 32, "sha256:" + "A" * 64, "sha256:" + "0" * 65, "x"])
async def test_digests_that_cannot_be_verified_are_refused(http: httpx.AsyncClient, digest: str) -> None:
    answer = await http.get(f"/v2/app/blobs/{digest}")
    assert (answer.status_code, code(answer.content)) == (400, "DIGEST_INVALID")


async def test_deleting_unlinks_from_one_repository_only(store: Store, http: httpx.AsyncClient) -> None:
    digest = store.put_blob("app", b"hello")
    store.put_blob("other", b"hello")
    assert (await http.delete(f"/v2/app/blobs/{digest}")).status_code == 202
    assert (await http.head(f"/v2/app/blobs/{digest}")).status_code == 404
    assert (await http.get(f"/v2/other/blobs/{digest}")).content == b"hello"
    assert (await http.delete(f"/v2/app/blobs/{digest}")).status_code == 404
    await http.delete(f"/v2/other/blobs/{digest}")
    assert (store.data, store.stored) == ({}, 0)


async def test_other_methods_name_the_allowed_ones(http: httpx.AsyncClient) -> None:
    answer = await http.put(f"/v2/app/blobs/{ABSENT}")
    assert (answer.status_code, code(answer.content), answer.headers["allow"]) == (
        405,
        "UNSUPPORTED",
        "GET, HEAD, DELETE",
    )
