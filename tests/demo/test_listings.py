"""Tag lists and the catalog page by page, and the referrers."""

from __future__ import annotations

from itertools import chain

import httpx
import pytest

from tests.demo.helpers import ABSENT, code, shelve, small
from tui.demo.attest import sign
from tui.demo.images import put_image
from tui.demo.paths import parse_path
from tui.demo.quirks import Quirks
from tui.demo.store import Store
from tui.oci import media


def tagged(store: Store, count: int, name: str = "app") -> list[str]:
    one = shelve(store, name, "t0000")
    names = [f"t{number:04}" for number in range(count)]
    for tag in reversed(names):
        store.repositories[name].tag(tag, one.manifest.digest)
    return names


async def walk(http: httpx.AsyncClient, url: str, key: str = "tags") -> list[list[str]]:
    """The pages of a list, following Link, at most 50 of them."""
    pages = []
    for _ in range(50):
        answer = await http.get(url)
        assert answer.status_code == 200
        pages.append(answer.json()[key])
        if "next" not in answer.links:
            return pages
        url = answer.links["next"]["url"]
    raise AssertionError("the list has no end")


async def test_all_tags_in_lexical_order(store: Store, http: httpx.AsyncClient) -> None:
    names = tagged(store, 25)
    assert (await http.get("/v2/app/tags/list")).json() == {"name": "app", "tags": names}


async def test_pages(store: Store, http: httpx.AsyncClient) -> None:
    names = tagged(store, 25)
    pages = await walk(http, "/v2/app/tags/list?n=10")
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [*chain(*pages)] == names
    assert await walk(http, "/v2/app/tags/list?n=5&last=t0019") == [names[20:]]
    assert await walk(http, "/v2/app/tags/list?last=t0019x") == [names[20:]], "`last` need not be a tag"
    assert await walk(http, "/v2/app/tags/list?n=0") == [[]]


async def test_a_page_has_an_upper_limit(store: Store, http: httpx.AsyncClient) -> None:
    names = tagged(store, 2_500)
    pages = await walk(http, "/v2/app/tags/list?n=10000")
    assert [len(page) for page in pages] == [1_000, 1_000, 500]
    assert [*chain(*pages)] == names


async def test_tags_that_come_and_go_are_seen_at_once(store: Store, http: httpx.AsyncClient) -> None:
    tagged(store, 3)
    store.repositories["app"].tag("a-new-one", store.repositories["app"].tags["t0000"])
    store.repositories["app"].untag("t0001")
    assert (await http.get("/v2/app/tags/list")).json()["tags"] == ["a-new-one", "t0000", "t0002"]


@pytest.mark.parametrize("count", ["-1", "x", "1.5", "٣"])
async def test_n_must_be_a_number(store: Store, http: httpx.AsyncClient, count: str) -> None:
    tagged(store, 3)
    answer = await http.get("/v2/app/tags/list", params={"n": count})
    assert (answer.status_code, code(answer.content)) == (400, "PAGINATION_NUMBER_INVALID")


async def test_an_unknown_repository(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v2/nowhere/tags/list")
    assert (answer.status_code, code(answer.content)) == (404, "NAME_UNKNOWN")
    assert answer.json()["errors"][0]["detail"] == {"name": "nowhere"}


async def test_list_quirks(store: Store, http: httpx.AsyncClient) -> None:
    names = tagged(store, 25)
    repository = store.repositories["app"]
    repository.quirks = Quirks(ignore_n=True)
    ignored = (await http.get("/v2/app/tags/list?n=2&last=t0003")).json()["tags"]
    assert sorted(ignored) == names != ignored, "all of them, in no order"
    repository.quirks = Quirks(null_tags=True)
    assert (await http.get("/v2/app/tags/list")).json()["tags"] is None
    repository.quirks = Quirks(listed=("\x1b[2J",))
    assert await walk(http, "/v2/app/tags/list?n=20") == [names[:20], [*names[20:], "\x1b[2J"]]
    links = {}
    for link in ("none", "absolute", "elsewhere", "loop"):
        repository.quirks = Quirks(link=link)
        links[link] = (await http.get("/v2/app/tags/list?n=2")).headers.get("link")
    assert links == {
        "none": None,
        "absolute": '<http://registry.localhost/v2/app/tags/list?n=2&last=t0001>; rel="next"',
        "elsewhere": '<http://registry.invalid/v2/app/tags/list?n=2&last=t0001>; rel="next"',
        "loop": '</v2/app/tags/list?n=2>; rel="next"',
    }


async def test_catalog(store: Store, http: httpx.AsyncClient) -> None:
    for name in ("b/two", "a", "c", "b/one"):
        store.repository(name)
    assert await walk(http, "/v2/_catalog", "repositories") == [["a", "b/one", "b/two", "c"]]
    assert await walk(http, "/v2/_catalog?n=3", "repositories") == [["a", "b/one", "b/two"], ["c"]]
    store.quirks = Quirks(catalog=False)
    assert (await http.get("/v2/_catalog")).status_code == 401


async def test_referrers(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    bundle = sign(store, "app", one.manifest)
    other = small(words="note", subject=one.manifest.descriptor(), annotations={"a": "b"})
    put_image(store, "app", other)
    url = f"/v2/app/referrers/{one.manifest.digest}"
    answer = await http.get(url)
    assert answer.headers["content-type"] == media.OCI_INDEX
    assert "oci-filters-applied" not in answer.headers
    found = {entry["digest"]: entry for entry in answer.json()["manifests"]}
    assert set(found) == {bundle, other.manifest.digest}
    assert found[bundle]["artifactType"] == media.SIGSTORE_BUNDLE
    assert found[other.manifest.digest]["artifactType"] == media.OCI_CONFIG
    assert found[other.manifest.digest]["annotations"] == {"a": "b"}
    assert found[bundle]["size"] == len(store.repositories["app"].manifests[bundle].raw)

    filtered = await http.get(url, params={"artifactType": media.SIGSTORE_BUNDLE})
    assert filtered.headers["oci-filters-applied"] == "artifactType"
    assert [entry["digest"] for entry in filtered.json()["manifests"]] == [bundle]


async def test_no_referrers_is_an_empty_index(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    answer = await http.get(f"/v2/app/referrers/{ABSENT}")
    assert (answer.status_code, answer.json()["manifests"]) == (200, [])
    assert (await http.get("/v2/app/referrers/latest")).status_code == 400
    answer = await http.get(f"/v2/nowhere/referrers/{ABSENT}")
    assert (answer.status_code, answer.json()["manifests"]) == (200, []), "also where nothing was ever pushed"


async def test_referrers_quirks(store: Store, http: httpx.AsyncClient) -> None:
    one = shelve(store)
    sign(store, "app", one.manifest)
    url = f"/v2/app/referrers/{one.manifest.digest}?artifactType=none/such"
    assert (await http.get(url)).json()["manifests"] == []
    store.quirks = Quirks(referrers="unfiltered")
    unfiltered = await http.get(url)
    assert "oci-filters-applied" not in unfiltered.headers
    assert len(unfiltered.json()["manifests"]) == 1
    store.quirks = Quirks(referrers="absent")
    assert (await http.get(url)).status_code == 404
    store.quirks = Quirks(referrers="html")
    assert (await http.get(url)).headers["content-type"].startswith("text/html")


def test_paths() -> None:
    for path, expected in (
        ("/v2", ("base", "", "")),
        ("/v2/", ("base", "", "")),
        ("/v2/_catalog", ("catalog", "", "")),
        ("/token", ("token", "", "")),
        ("/", ("page", "", "")),
        ("/v2/a/b/tags/list", ("tags", "a/b", "")),
        ("/v2/a/manifests/x", ("manifest", "a", "x")),
        ("/v2/a/manifests/manifests/x", ("manifest", "a/manifests", "x")),
        ("/v2/a/blobs/uploads/", ("upload", "a", "")),
        ("/v2/a/blobs/uploads", ("upload", "a", "")),
        ("/v2/a/blobs/uploads/id", ("upload", "a", "id")),
        ("/v2/a/blobs/sha256:1", ("blob", "a", "sha256:1")),
        ("/v2/a/referrers/sha256:1", ("referrers", "a", "sha256:1")),
        ("/v2/a/something/else", ("nothing", "", "")),
        ("/storage/a/b/sha256:1", ("storage", "a/b", "sha256:1")),
        ("/v1/", ("nothing", "", "")),
        ("/v2/manifests/x", ("nothing", "", "")),
    ):
        route = parse_path(path)
        assert (route.kind, route.name, route.reference) == expected, path
