"""Lists: tags and repositories page by page, and what refers to a manifest.

Source: OCI distribution-spec, "Listing Tags", "Listing Referrers"; distribution's `_catalog`.
"""

from __future__ import annotations

from bisect import bisect_right
from urllib.parse import quote, urlencode

from starlette.responses import Response

from tui.demo.call import Call
from tui.demo.refusals import Refusal, json_response
from tui.oci import media


async def tags(call: Call) -> Response:
    """GET /v2/<name>/tags/list?n=&last="""
    _get_only(call)
    call.need("pull")
    repository = call.repository()
    if call.quirks.null_tags:
        return json_response({"name": call.name, "tags": None})
    if call.quirks.ignore_n:
        return json_response({"name": call.name, "tags": list(repository.tags)})
    count = _count(call)
    names, more = repository.page(call.parameter("last") or "", count)
    headers = _link(call, f"/v2/{call.name}/tags/list", count, names[-1]) if more and names else {}
    if not more:
        names += call.quirks.listed
    return json_response({"name": call.name, "tags": names}, headers)


async def catalog(call: Call) -> Response:
    """GET /v2/_catalog?n=&last="""
    _get_only(call)
    if not call.quirks.catalog:
        raise Refusal(401, "UNAUTHORIZED", {"Type": "registry", "Name": "catalog", "Action": "*"})
    if call.store.rules.required:
        grant = call.grant()
        if grant is None or (grant.scopes is not None and ("catalog", "*") not in grant.scopes):
            raise call.challenge("insufficient_scope" if grant else "")
    names = sorted(call.store.repositories)
    count, last = _count(call), call.parameter("last") or ""
    start = bisect_right(names, last) if last else 0
    page = names[start : start + count]
    more = start + count < len(names) and page
    return json_response({"repositories": page}, _link(call, "/v2/_catalog", count, page[-1]) if more else {})


def _count(call: Call) -> int:
    """How many entries a page holds. Raises 400 when `n` is no whole number."""
    text = call.parameter("n")
    if text is None:
        return call.quirks.page_limit
    if not (text.isascii() and text.isdigit()):
        raise Refusal(400, "PAGINATION_NUMBER_INVALID", {"n": text[:50]})
    return min(int(text[:9]), call.quirks.page_limit)


def _link(call: Call, path: str, count: int, last: str) -> dict[str, str]:
    """The Link header to the next page."""
    query = urlencode({"n": count, "last": last}, quote_via=quote)
    match call.quirks.link:
        case "none":
            return {}
        case "absolute":
            path = call.origin + path
        case "elsewhere":
            path = "http://registry.invalid" + path
        case "loop":
            query = urlencode({"n": count})
    return {"Link": f'<{path}?{query}>; rel="next"'}


async def referrers(call: Call) -> Response:
    """GET /v2/<name>/referrers/<digest>?artifactType="""
    _get_only(call)
    if call.quirks.referrers == "absent":
        return Response("404 page not found\n", 404, media_type="text/plain")
    if call.quirks.referrers == "html":
        return Response("<!doctype html><title>Not here</title>", media_type="text/html")
    call.need("pull")
    digest = call.digest()
    wanted = call.parameter("artifactType")
    unfiltered = call.quirks.referrers == "unfiltered" or wanted is None
    entries = []
    # Of a repository that was never pushed to it is an empty list as well: "If the query results in no matching
    # referrers, an empty manifest list MUST be returned".
    repository = call.store.repositories.get(call.name)
    for own, stored in repository.referrers(digest) if repository is not None else ():
        if unfiltered or stored.artifact_type == wanted:
            entry: dict[str, object] = {"mediaType": stored.media_type, "digest": own, "size": len(stored.raw)}
            if stored.artifact_type:
                entry["artifactType"] = stored.artifact_type
            if stored.annotations:
                entry["annotations"] = dict(stored.annotations)
            entries.append(entry)
    index = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}
    headers = {} if unfiltered else {"OCI-Filters-Applied": "artifactType"}
    return json_response(index, headers, media.OCI_INDEX)


def _get_only(call: Call) -> None:
    if call.method not in {"GET", "HEAD"}:
        raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD"})
