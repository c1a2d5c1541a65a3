"""Each way to misbehave does what it says, and nothing else."""

from __future__ import annotations

import gzip

import httpx
import pytest

from tests.demo.helpers import ABSENT, code, manifest_bytes, shelve, small
from tui.demo.images import put_image
from tui.demo.quirks import Quirks
from tui.demo.refusals import HangUp
from tui.demo.store import Meter, Store
from tui.oci import media


def turn(store: Store, quirks: Quirks, name: str = "app") -> None:
    store.repository(name).quirks = quirks


async def test_quirks_belong_to_one_repository(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    shelve(store, "healthy")
    turn(store, Quirks(html=True))
    page = await http.get("/v2/app/manifests/latest")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await http.get("/v2/healthy/manifests/latest")).headers["content-type"] == media.OCI_MANIFEST
    store.quirks = Quirks(always_ok=True)
    assert (await http.get("/v2/healthy/blobs/nonsense")).status_code == 200
    assert "docker-content-digest" not in (await http.head("/v2/healthy/manifests/none")).headers


async def test_head(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    blob = f"/v2/app/blobs/{one.layers[0].digest}"
    turn(store, Quirks(head="refused"))
    assert (await http.head(blob)).status_code == 405
    assert (await http.head("/v2/app/manifests/latest")).status_code == 405
    assert (await http.get(blob, headers={"Range": "bytes=0-0"})).status_code == 206
    turn(store, Quirks(head="hidden"))
    assert (await http.head(blob)).status_code == 404
    assert (await http.head("/v2/app/manifests/latest")).status_code == 200
    assert (await http.get(blob, headers={"Range": "bytes=0-0"})).status_code == 206
    turn(store, Quirks(wrong_length=7, ranges=False))
    assert (await http.head(blob)).headers["content-length"] == str(len(one.layers[0].raw) + 7)
    assert (await http.get(blob, headers={"Range": "bytes=0-0"})).status_code == 200


async def test_digest_header_and_type(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    turn(store, Quirks(digest_header="absent", content_type="application/json"))
    answer = await http.get("/v2/app/manifests/latest")
    assert "docker-content-digest" not in answer.headers
    assert answer.headers["content-type"] == "application/json"
    turn(store, Quirks(digest_header="wrong"))
    assert (await http.head("/v2/app/manifests/latest")).headers["docker-content-digest"] == ABSENT


async def test_single_objects(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    config, layer = one.config.digest, one.layers[0].digest
    turn(store, Quirks(denied=frozenset({config}), broken=frozenset({layer}), lost=frozenset({one.manifest.digest})))
    denied = await http.get(f"/v2/app/blobs/{config}")
    assert (denied.status_code, code(denied.content)) == (403, "DENIED")
    assert (await http.head(f"/v2/app/blobs/{layer}")).status_code == 500
    assert (await http.get("/v2/app/manifests/latest")).status_code == 200
    with pytest.raises(HangUp):
        await http.get(f"/v2/app/manifests/{one.manifest.digest}")


async def test_every_nth_request_is_one_too_many(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    turn(store, Quirks(limit_every=3, retry_after="7"))
    url = f"/v2/app/blobs/{one.config.digest}"
    answers = [await http.head(url) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [200, 200, 429] * 3
    assert answers[2].headers["retry-after"] == "7"
    assert code((await _until(http, url, 429)).content) == "TOOMANYREQUESTS"


async def _until(http: httpx.AsyncClient, url: str, status: int) -> httpx.Response:
    for _ in range(10):
        answer = await http.get(url)
        if answer.status_code == status:
            return answer
    raise AssertionError(f"no {status} in ten requests")


async def test_a_window(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    now = [1_000.0]
    store.repositories["app"].meter = Meter(clock=lambda: now[0])
    turn(store, Quirks(limit_after=2, limit_window=60, retry_after="window"))
    url = f"/v2/app/blobs/{one.config.digest}"
    assert [(await http.head(url)).status_code for _ in range(3)] == [200, 200, 429]
    now[0] += 20
    assert (await http.head(url)).headers["retry-after"] == "40"
    now[0] += 41
    assert (await http.head(url)).status_code == 200


@pytest.mark.parametrize(
    ("scope", "limited"),
    [("blobs", "blob"), ("children", "child"), ("tags", "tag"), ("lists", "list"), ("uploads", "upload")],
)
async def test_a_limit_concerns_what_it_says(store: Store, http: httpx.AsyncClient, scope: str, limited: str) -> None:
    one = shelve(store)
    turn(store, Quirks(limit_every=1, limited=frozenset({scope})))  # type: ignore[arg-type]
    answers = {
        "blob": await http.get(f"/v2/app/blobs/{one.config.digest}"),
        "child": await http.get(f"/v2/app/manifests/{one.manifest.digest}"),
        "tag": await http.get("/v2/app/manifests/latest"),
        "list": await http.get("/v2/app/tags/list"),
        "upload": await http.post("/v2/app/blobs/uploads/"),
    }
    assert [kind for kind, answer in answers.items() if answer.status_code == 429] == [limited]


async def test_pulls_are_counted_as_at_docker_hub(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    now = [50.0]
    store.repositories["app"].meter = Meter(clock=lambda: now[0])
    turn(store, Quirks(pulls=2, pulls_window=21_600, retry_after="window"))
    url = "/v2/app/manifests/latest"
    told = []
    for method in ("HEAD", "GET", "HEAD", "GET", "HEAD"):
        answer = await http.request(method, url)
        told.append((answer.status_code, answer.headers["ratelimit-remaining"]))
    assert told == [
        (200, "2;w=21600"),
        (200, "1;w=21600"),
        (200, "1;w=21600"),
        (200, "0;w=21600"),
        (200, "0;w=21600"),
    ]
    refused = await http.get(url)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "21600")
    assert refused.headers["ratelimit-limit"] == "2;w=21600"
    assert (await http.get(f"/v2/app/blobs/{one.config.digest}")).status_code == 200, "blobs are not counted"
    now[0] += 21_600
    assert (await http.get(url)).status_code == 200


async def test_bodies(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    url = f"/v2/app/blobs/{one.layers[0].digest}"
    turn(store, Quirks(body="corrupt"))
    corrupt = (await http.get(url)).content
    assert corrupt != one.layers[0].raw
    assert len(corrupt) == len(one.layers[0].raw)
    turn(store, Quirks(body="bomb"))
    async with http.stream("GET", url) as answer:
        packed = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 100_000 < len(gzip.decompress(packed))
    assert (await http.head(url)).headers["content-length"] == str(len(one.layers[0].raw))


async def test_a_tag_that_is_moved_by_somebody_else(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    other = small(words="theirs")
    put_image(store, "app", other)
    turn(store, Quirks(moves={"latest": other.manifest.digest}))
    seen = [(await http.head("/v2/app/manifests/latest")).headers["docker-content-digest"] for _ in range(3)]
    assert seen == [one.manifest.digest, other.manifest.digest, other.manifest.digest]


async def test_a_replica_that_lags(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    store.put_blob("app", b"{}")
    turn(store, Quirks(lag=2))
    raw, headers = manifest_bytes(b"{}"), {"Content-Type": media.OCI_MANIFEST}
    for tag in ("latest", "new"):
        assert (await http.put(f"/v2/app/manifests/{tag}", content=raw, headers=headers)).status_code == 201
    seen = [(await http.get("/v2/app/manifests/latest")).content for _ in range(3)]
    assert seen == [one.manifest.raw, one.manifest.raw, raw]
    assert [(await http.head("/v2/app/manifests/new")).status_code for _ in range(3)] == [404, 404, 200]


async def test_redirects(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    url = f"/v2/app/blobs/{one.config.digest}"
    turn(store, Quirks(redirect="here"))
    first = await http.get(url)
    assert first.status_code == 307
    where = first.headers["location"]
    assert (await http.get(where)).content == one.config.raw
    assert (await http.head(where)).headers["content-length"] == str(len(one.config.raw))
    assert (await http.get(where, headers={"Range": "bytes=0-0"})).status_code == 206
    assert (await http.get(where, auth=("learner", "fanfold"))).status_code == 400
    assert (await http.get(where.partition("?")[0])).status_code == 403
    turn(store, Quirks(redirect="get-only"))
    assert (await http.head(where)).status_code == 403
    assert (await http.get(where)).status_code == 200
    turn(store, Quirks(redirect="loop"))
    assert (await http.get(url)).headers["location"] == url
    turn(store, Quirks(redirect="here", redirect_to="http://storage.test"))
    assert (await http.get(url)).headers["location"] == f"http://storage.test{where}"
    assert (await http.head(f"/v2/app/blobs/{ABSENT}")).status_code == 404


async def test_a_put_whose_answer_is_lost_is_applied(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    turn(store, Quirks(drop_put=1))
    raw = manifest_bytes(b"{}")
    headers = {"Content-Type": media.OCI_MANIFEST}
    with pytest.raises(HangUp):
        await http.put("/v2/app/manifests/new", content=raw, headers=headers)
    assert (await http.get("/v2/app/manifests/new")).content == raw
    assert (await http.put("/v2/app/manifests/new", content=raw, headers=headers)).status_code == 201


async def test_a_registry_without_subjects(store: Store, http: httpx.AsyncClient) -> None:
    store.put_blob("app", b"{}")
    raw = manifest_bytes(b"{}", subject={"mediaType": media.OCI_MANIFEST, "digest": ABSENT, "size": 2})
    headers = {"Content-Type": media.OCI_MANIFEST}
    for quirks in (Quirks(subject_header=False), Quirks(referrers="absent")):
        turn(store, quirks)
        answer = await http.put("/v2/app/manifests/new", content=raw, headers=headers)
        assert (answer.status_code, "oci-subject" in answer.headers) == (201, False)


async def test_latency(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    turn(store, Quirks(latency=0.15))
    answer = await http.get("/v2/app/manifests/latest")
    assert answer.status_code == 200
    first, last = store.requests[0], store.requests[-1]
    assert first is last
    assert (first.method, first.path, first.status) == ("GET", "/v2/app/manifests/latest", 200)
