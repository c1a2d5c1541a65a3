"""Manifests: read by tag or digest, pushed, deleted. Source: OCI distribution-spec, "Pulling", "Pushing Manifests".

What is pushed is checked as Docker's registry does: the document must be well formed and of the type that it is sent
as, and everything that it refers to must be in the same repository already: config and layers of an image, the child
manifests of an index. Layers that live elsewhere (`urls`) and the subject may be absent. Sources: OCI image-spec,
"manifest" and "image-index"; GHSA-mc8v-mgrf-8f4m for documents that are both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tui.demo.call import Call, checked_digest, read_body
from tui.demo.paths import digest_of, is_digest, is_tag
from tui.demo.refusals import HangUp, Refusal
from tui.demo.store import Repository, Store, Stored
from tui.oci import media


async def manifest(call: Call) -> Response:
    match call.method:
        case "GET" | "HEAD":
            return _read(call)
        case "PUT":
            return await _put(call)
        case "DELETE":
            return _delete(call)
    raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD, PUT, DELETE"})


def _read(call: Call) -> Response:
    call.need("pull")
    reference = call.route.reference
    if ":" in reference:
        checked_digest(reference)
    repository = call.store.repositories.get(call.name)
    digest = repository.seen(reference) if repository is not None else None
    if repository is None or digest is None:
        raise Refusal(404, "MANIFEST_UNKNOWN", {"name": call.name, "reference": reference[:200]})
    quirks = call.quirks
    if reference in quirks.moves:
        repository.tag(reference, quirks.moves[reference])
    digest, stored = _negotiate(call, repository, digest)
    headers = {
        "Docker-Content-Digest": digest,
        "ETag": f'"{digest}"',
        "Content-Type": quirks.content_type if quirks.content_type is not None else stored.media_type,
        "Content-Length": str(len(stored.raw) + (quirks.wrong_length if call.head else 0)),
    }
    if call.request.headers.get("if-none-match", "").strip().removeprefix("W/").strip('"') == digest:
        return Response(status_code=304, headers={key: headers[key] for key in ("Docker-Content-Digest", "ETag")})
    return Response(b"" if call.head else stored.raw, headers=headers)


def _negotiate(call: Call, repository: Repository, digest: str) -> tuple[str, Stored]:
    """The manifest to answer with, by what the client accepts; the one that was asked for, unless quirks say else."""
    stored = repository.manifests[digest]
    accept = ",".join(call.request.headers.getlist("accept"))
    if accepts(accept, stored.media_type):
        return digest, stored
    if call.quirks.accept == "substitute" and media.is_index(stored.media_type):
        for child in _children(stored):
            platform = child.get("platform", {})
            if platform.get("architecture") == "amd64" and child.get("digest") in repository.manifests:
                return child["digest"], repository.manifests[child["digest"]]
    if call.quirks.accept == "right":
        raise Refusal(
            406,
            "UNSUPPORTED",
            {"mediaType": stored.media_type},
            message=f"the manifest is of type {stored.media_type}, which the Accept header does not name",
        )
    raise Refusal(
        404,
        "MANIFEST_UNKNOWN",
        message=f"manifest of type {stored.media_type} found, but accept header does not support it",
    )


def _children(stored: Stored) -> list[dict[str, Any]]:
    children = json.loads(stored.raw).get("manifests", [])
    return [child for child in children if isinstance(child, dict)]


def accepts(header: str, media_type: str) -> bool:
    """Whether an Accept header admits a type (RFC 9110, 12.5.1); none at all admits everything.

    The most specific range that fits decides, so `type;q=0, */*` refuses that type.
    """
    if not header.strip():
        return True
    best = (-1, 0.0)
    for part in header.lower().split(","):
        media_range, _, parameters = part.strip().partition(";")
        media_range = media_range.strip()
        rank = {media_type: 2, media_type.partition("/")[0] + "/*": 1, "*/*": 0}.get(media_range, -1)
        if rank > best[0]:
            best = (rank, _quality(parameters))
    return best[0] >= 0 and best[1] > 0


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        key, _, value = parameter.strip().partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0


async def _put(call: Call) -> Response:
    call.need("push")
    store, quirks = call.store, call.quirks
    reference = call.route.reference
    by_digest = ":" in reference
    tags = call.query.get("tag", [])[: quirks.tags_in_one] if by_digest else [reference]
    if by_digest:
        checked_digest(reference)
    for tag in tags:
        if not is_tag(tag):
            raise Refusal(400, "TAG_INVALID", {"tag": tag[:200]}, message="invalid tag")
    raw = await read_body(call.request, store.limits.manifest)
    digest = digest_of(raw, reference.partition(":")[0] if by_digest else "sha256")
    if by_digest and digest != reference:
        raise Refusal(400, "DIGEST_INVALID", {"digest": reference, "content": digest})
    if store.stored + len(raw) > store.limits.total:
        raise Refusal(507, "DENIED", message="this registry is full")
    known = store.repositories.get(call.name)
    checked = check_manifest(store, known or Repository(call.name), raw, call.request.headers.get("content-type", ""))
    if known is None and len(store.repositories) >= store.limits.repositories:
        raise Refusal(507, "DENIED", message="this registry holds as many repositories as it can")
    if known is not None and quirks.immutable and any(known.tags.get(tag, digest) != digest for tag in tags):
        raise Refusal(409, "TAG_INVALID", {"tag": tags[0]}, message="tag is immutable and exists already")
    if known is not None and len(known.tags) + len(tags) > store.limits.tags:
        raise Refusal(507, "DENIED", message="this repository holds as many tags as it can")
    if quirks.lag:
        repository = store.repository(call.name)
        repository.behind.update((tag, (repository.tags.get(tag), quirks.lag)) for tag in tags)
    store.put_manifest(call.name, raw, checked.media_type, tags, digest)
    if quirks.drop_put > 0 and store.repository(call.name).meter.dropped < quirks.drop_put:
        store.repository(call.name).meter.dropped += 1
        raise HangUp
    headers = {"Location": f"/v2/{call.name}/manifests/{digest}", "Docker-Content-Digest": digest}
    if checked.subject is not None and quirks.subject_header and quirks.referrers != "absent":
        headers["OCI-Subject"] = checked.subject
    answer = Response(status_code=201, headers=headers)
    if by_digest:
        for tag in tags:
            answer.headers.append("OCI-Tag", tag)
    return answer


def _delete(call: Call) -> Response:
    call.need("delete")
    repository = call.repository()
    if not call.quirks.delete:
        raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD, PUT"})
    reference = call.route.reference
    if ":" in reference:
        gone = call.store.delete_manifest(call.name, checked_digest(reference))
    else:
        gone = repository.untag(reference)
    if not gone:
        raise Refusal(404, "MANIFEST_UNKNOWN", {"name": call.name, "reference": reference[:200]})
    return Response(status_code=202)


@dataclass(frozen=True, slots=True)
class Checked:
    """A manifest that may be stored: its type and the digest of its subject."""

    media_type: str
    subject: str | None


def check_manifest(store: Store, repository: Repository, raw: bytes, content_type: str) -> Checked:
    """Whether `raw` may be pushed to `repository` as `content_type`. Raises Refusal, with every missing digest."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type:
        raise _invalid("a manifest needs a Content-Type")
    if not (media.is_index(media_type) or media.is_image_manifest(media_type)):
        raise _invalid(f"unsupported manifest media type {media_type}")
    document = _document(raw)
    if document.get("mediaType", media_type) != media_type:
        raise _invalid(f"mediaType in the manifest is {document['mediaType']!r}, Content-Type is {media_type!r}")
    if media_type != media.OCI_ARTIFACT and (
        document.get("schemaVersion") != 2 or isinstance(document.get("schemaVersion"), bool)
    ):
        raise _invalid("schemaVersion must be 2")
    subject = _descriptor(document["subject"], "subject")["digest"] if document.get("subject") is not None else None
    missing = list(
        _missing_children(store, repository, document)
        if media.is_index(media_type)
        else _missing_blobs(store, repository, document, media_type)
    )
    if missing:
        raise Refusal(400, "MANIFEST_BLOB_UNKNOWN", *dict.fromkeys(missing))
    return Checked(media_type, subject)


def _missing_children(store: Store, repository: Repository, document: dict[str, Any]) -> Iterator[str]:
    if any(key in document for key in ("config", "layers", "fsLayers", "blobs")):
        raise _invalid("an index cannot have config or layers")
    check = store.quirks_for(repository.name).child_check
    for position, child in enumerate(_list(document, "manifests")):
        digest = _descriptor(child, f"manifests[{position}]")["digest"]
        if check and digest not in repository.manifests and not store.has_blob(repository.name, digest):
            yield digest


def _missing_blobs(store: Store, repository: Repository, document: dict[str, Any], media_type: str) -> Iterator[str]:
    if any(key in document for key in ("manifests", "fsLayers")):
        raise _invalid("an image manifest cannot have manifests")
    if media_type == media.OCI_ARTIFACT:
        blobs = [(f"blobs[{position}]", one) for position, one in enumerate(_list(document, "blobs", needed=False))]
    else:
        blobs = [("config", document.get("config"))]
        blobs += [(f"layers[{position}]", one) for position, one in enumerate(_list(document, "layers"))]
    check = store.quirks_for(repository.name).child_check
    for where, one in blobs:
        descriptor = _descriptor(one, where)
        if check and not descriptor.get("urls") and not store.has_blob(repository.name, descriptor["digest"]):
            yield descriptor["digest"]


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _invalid("not a JSON object")
    return document


def _list(document: dict[str, Any], key: str, *, needed: bool = True) -> list[Any]:
    value = document.get(key)
    if value is None and not needed:
        return []
    if not isinstance(value, list):
        raise _invalid(f"{key} must be a list")
    return value


def _descriptor(value: Any, where: str) -> dict[str, Any]:
    """A descriptor with a media type, a digest and a size that could be right."""
    if not isinstance(value, dict):
        raise _invalid(f"{where} must be a descriptor")
    if not isinstance(value.get("mediaType"), str) or not value["mediaType"]:
        raise _invalid(f"{where}.mediaType is missing")
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(digest, str) or not is_digest(digest):
        raise Refusal(400, "DIGEST_INVALID", {"field": f"{where}.digest", "digest": str(digest)[:200]})
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _invalid(f"{where}.size must be a whole number of bytes")
    return value


def _invalid(detail: str) -> Refusal:
    return Refusal(400, "MANIFEST_INVALID", detail)
