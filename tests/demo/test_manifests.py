"""Manifests: reading with content negotiation, pushes as strict as a real registry's, tags, deletion."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.helpers import ABSENT, code, manifest_bytes, shelve, shelve_index, small
from tui.demo.images import BUILDKIT, DOCKER, index, put_image
from tui.demo.manifests import accepts, check_manifest
from tui.demo.paths import digest_of
from tui.demo.quirks import Quirks
from tui.demo.refusals import Refusal
from tui.demo.store import Limits, Repository, Store
from tui.oci import media


async def put(
    http: httpx.AsyncClient, raw: bytes, kind: str | None = media.OCI_MANIFEST, reference: str = "new"
) -> httpx.Response:
    headers = {} if kind is None else {"Content-Type": kind}
    return await http.put(f"/v2/app/manifests/{reference}", content=raw, headers=headers)


async def test_by_tag_and_by_digest(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    for reference in ("latest", one.manifest.digest):
        got = await http.get(f"/v2/app/manifests/{reference}")
        assert got.content == one.manifest.raw
        head = await http.head(f"/v2/app/manifests/{reference}")
        assert (head.status_code, head.content) == (200, b"")
        for answer in (got, head):
            assert answer.headers["docker-content-digest"] == one.manifest.digest
            assert answer.headers["content-type"] == media.OCI_MANIFEST
            assert answer.headers["content-length"] == str(len(one.manifest.raw))


async def test_what_is_not_there(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    for path in ("/v2/app/manifests/none", f"/v2/app/manifests/{ABSENT}", "/v2/nowhere/manifests/latest"):
        answer = await http.get(path)
        assert (answer.status_code, code(answer.content)) == (404, "MANIFEST_UNKNOWN")
        assert (await http.head(path)).status_code == 404
    assert (await http.get("/v2/app/manifests/sha256:1")).status_code == 400


async def test_a_condition_that_holds_is_answered_without_a_body(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    answer = await http.get("/v2/app/manifests/latest", headers={"If-None-Match": f'"{one.manifest.digest}"'})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", True),
        ("*/*", True),
        ("application/*", True),
        ("text/*", False),
        (media.OCI_INDEX, True),
        (f"{media.OCI_MANIFEST}, {media.OCI_INDEX.upper()};q=0.5", True),
        (f"{media.OCI_INDEX};q=0", False),
        (f"{media.OCI_INDEX};q=0, */*", False),
        (f"*/*;q=0.1, {media.DOCKER_LIST}", True),
        (media.OCI_MANIFEST, False),
    ],
)
def test_accept(header: str, expected: bool) -> None:
    assert accepts(header, media.OCI_INDEX) is expected


@given(st.text(max_size=200))
def test_any_accept_header_is_answered(header: str) -> None:
    assert accepts(header, media.OCI_INDEX) in {True, False}


async def test_a_type_that_is_not_accepted(store: Store, http: httpx.AsyncClient) -> None:
    digest, images = shelve_index(store)
    only = {"Accept": media.OCI_MANIFEST}
    assert (await http.get("/v2/app/manifests/latest", headers=only)).status_code == 406
    store.quirks = Quirks(accept="unknown")
    answer = await http.get("/v2/app/manifests/latest", headers=only)
    assert (answer.status_code, code(answer.content)) == (404, "MANIFEST_UNKNOWN")
    assert "accept header" in answer.text
    store.quirks = Quirks(accept="substitute")
    answer = await http.get("/v2/app/manifests/latest", headers=only)
    assert answer.headers["docker-content-digest"] == images[0].manifest.digest != digest


async def test_pushing_an_image(store: Store, http: httpx.AsyncClient) -> None:
    one = small()
    for blob in one.blobs:
        store.put_blob("app", blob.raw)
    answer = await put(http, one.manifest.raw, reference="1.0")
    assert answer.status_code == 201
    assert answer.headers["docker-content-digest"] == one.manifest.digest
    assert answer.headers["location"] == f"/v2/app/manifests/{one.manifest.digest}"
    assert store.repositories["app"].tags == {"1.0": one.manifest.digest}
    by_digest = await put(http, one.manifest.raw, reference=one.manifest.digest)
    assert by_digest.status_code == 201
    assert len(store.repositories["app"].tags) == 1, "a push by digest makes no tag"


async def test_every_missing_blob_is_named(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"here")
    store.put_blob("other", b"elsewhere")
    answer = await put(http, manifest_bytes(b"config", b"here", b"elsewhere", b"nowhere", b"nowhere"))
    assert answer.status_code == 400
    errors = answer.json()["errors"]
    assert {error["code"] for error in errors} == {"MANIFEST_BLOB_UNKNOWN"}
    assert {error["message"] for error in errors} == {"blob unknown to registry"}
    assert [error["detail"] for error in errors] == [digest_of(raw) for raw in (b"config", b"elsewhere", b"nowhere")]
    assert not store.repositories["app"].tags


async def test_every_missing_child_is_named(store: Store, http: httpx.AsyncClient) -> None:
    here, gone = small("linux/amd64"), small("linux/arm64")
    put_image(store, "app", here)
    whole = index([here.entry(), gone.entry()])
    answer = await put(http, whole.raw, media.OCI_INDEX)
    assert (answer.status_code, code(answer.content)) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert [error["detail"] for error in answer.json()["errors"]] == [gone.manifest.digest]
    put_image(store, "app", gone, without=gone.layers)
    assert (await put(http, whole.raw, media.OCI_INDEX)).status_code == 201, "layers of children are not looked at"


async def test_a_registry_without_child_checks_takes_it(store: Store, http: httpx.AsyncClient) -> None:
    store.quirks = Quirks(child_check=False)
    assert (await put(http, manifest_bytes(b"config", b"layer"))).status_code == 201


async def test_foreign_layers_and_subjects_may_be_absent(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    foreign = {"mediaType": media.DOCKER_FOREIGN_LAYER, "digest": ABSENT, "size": 9, "urls": ["https://example.test/x"]}
    subject = {"mediaType": media.OCI_MANIFEST, "digest": ABSENT, "size": 3}
    answer = await put(http, manifest_bytes(b"{}", layers=[foreign], subject=subject))
    assert answer.status_code == 201
    assert answer.headers["oci-subject"] == ABSENT


def _document(**changes: Any) -> bytes:
    document: dict[str, Any] = {**json.loads(manifest_bytes(b"{}")), **changes}
    return json.dumps({key: value for key, value in document.items() if value is not ...}).encode()


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (b"", media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (b"[]", media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (b"\xff\xfe", media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (b"[" * 50_000, media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(), None, "MANIFEST_INVALID"),
        (_document(), "text/plain", "MANIFEST_INVALID"),
        (_document(), media.DOCKER_MANIFEST, "MANIFEST_INVALID"),
        (_document(schemaVersion=1), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(schemaVersion=True), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(config=...), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(layers=None), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(manifests=[]), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(config={"mediaType": "a/b", "digest": ABSENT, "size": -1}), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(config={"mediaType": "a/b", "digest": ABSENT, "size": "1"}), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(config={"mediaType": "a/b", "digest": "md5:1", "size": 1}), media.OCI_MANIFEST, "DIGEST_INVALID"),
        (_document(subject={"digest": ABSENT}), media.OCI_MANIFEST, "MANIFEST_INVALID"),
        (_document(mediaType=media.OCI_INDEX, manifests=[]), media.OCI_INDEX, "MANIFEST_INVALID"),
    ],
)
async def test_documents_that_are_refused(
    store: Store, http: httpx.AsyncClient, raw: bytes, kind: str | None, expected: str
) -> None:
    store.put_blob("app", b"{}")
    answer = await put(http, raw, kind)
    assert (answer.status_code, code(answer.content)) == (400, expected)
    assert not store.repositories["app"].manifests


FIELDS = ("mediaType", "digest", "size", "config", "layers", "manifests", "subject", "schemaVersion", "annotations")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)


@given(ANYTHING)
def test_no_document_breaks_the_check(document: Any) -> None:
    for kind in (media.OCI_MANIFEST, media.OCI_INDEX, media.OCI_ARTIFACT):
        try:
            check_manifest(Store(), Repository("app"), json.dumps(document).encode(), kind)
        except Refusal as refusal:
            assert refusal.status == 400


async def test_a_parameter_of_the_content_type_is_ignored(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    assert (await put(http, manifest_bytes(b"{}"), media.OCI_MANIFEST + "; charset=utf-8")).status_code == 201


async def test_size_limit(http: httpx.AsyncClient, store: Store) -> None:
    store.limits = Limits(manifest=2_000)
    store.put_blob("app", b"{}")
    fits = manifest_bytes(b"{}")
    fits += b" " * (2_000 - len(fits))
    assert (await put(http, fits)).status_code == 201
    answer = await put(http, fits + b" ")
    assert (answer.status_code, code(answer.content)) == (413, "SIZE_INVALID")


async def test_manifests_count_for_the_memory_bound(http: httpx.AsyncClient, store: Store) -> None:
    store.put_blob("app", b"{}")
    raw = manifest_bytes(b"{}")
    store.limits = Limits(total=store.stored + len(raw))
    assert (await put(http, raw)).status_code == 201
    assert (await put(http, raw + b" ")).status_code == 507
    assert (await http.delete(f"/v2/app/manifests/{digest_of(raw)}")).status_code == 202
    assert store.stored == 2
    assert (await put(http, raw + b"")).status_code == 201


async def test_the_digest_of_the_path_must_be_the_bodys(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    answer = await put(http, manifest_bytes(b"{}"), reference=ABSENT)
    assert (answer.status_code, code(answer.content)) == (400, "DIGEST_INVALID")
    whole = digest_of(manifest_bytes(b"{}"), "sha512")
    assert (await put(http, manifest_bytes(b"{}"), reference=whole)).headers["docker-content-digest"] == whole


async def test_tags_by_parameter(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    raw = manifest_bytes(b"{}")
    answer = await put(http, raw, reference=f"{digest_of(raw)}?tag=a&tag=b")
    assert answer.status_code == 201
    assert answer.headers.get_list("oci-tag") == ["a", "b"]
    assert set(store.repositories["app"].tags) == {"a", "b"}


async def test_bad_tags(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    for tag in ("-x", ".x", "a" * 129, "a+b"):
        assert (await put(http, manifest_bytes(b"{}"), reference=tag)).status_code == 400, tag
    assert (await put(http, manifest_bytes(b"{}"), reference="_" + "a" * 127)).status_code == 201


async def test_an_immutable_tag_stays(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store, tag="1.0")
    store.put_blob("app", b"{}")
    store.repositories["app"].quirks = Quirks(immutable=True)
    assert (await put(http, manifest_bytes(b"{}"), reference="1.0")).status_code == 409
    assert (await put(http, one.manifest.raw, reference="1.0")).status_code == 201, "the same again moves nothing"
    assert store.repositories["app"].tags["1.0"] == one.manifest.digest


async def test_deleting_a_tag_leaves_the_manifest(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    assert (await http.delete("/v2/app/manifests/latest")).status_code == 202
    assert (await http.get("/v2/app/manifests/latest")).status_code == 404
    assert (await http.get(f"/v2/app/manifests/{one.manifest.digest}")).status_code == 200
    assert (await http.delete("/v2/app/manifests/latest")).status_code == 404


async def test_deleting_a_manifest_takes_all_its_tags_along(store: Store, http: httpx.AsyncClient) -> None:
    digest, images = shelve_index(store)
    store.repositories["app"].tag("other", digest)
    assert (await http.delete(f"/v2/app/manifests/{digest}")).status_code == 202
    assert not store.repositories["app"].tags
    assert (await http.get(f"/v2/app/manifests/{images[0].manifest.digest}")).status_code == 200
    store.repositories["app"].quirks = Quirks(delete=False)
    assert (await http.delete(f"/v2/app/manifests/{images[0].manifest.digest}")).status_code == 405


async def test_both_styles_are_valid_pushes(store: Store, http: httpx.AsyncClient) -> None:
    for style in (DOCKER, BUILDKIT):
        one = small(style=style)
        for blob in one.blobs:
            store.put_blob("app", blob.raw)
        assert (await put(http, one.manifest.raw, style.manifest, one.manifest.digest)).status_code == 201
        assert (await put(http, index([one.entry()], style).raw, style.index)).status_code == 201
