"""What a registry means when it refuses a write, in a plain sentence with the next step (distribution-spec "Error
Codes", and what Quay, Harbor, ECR and zot make of them)."""

from __future__ import annotations

from tui.registry.api_errors import read_errors
from tui.registry.errors import (
    Conflict,
    Denied,
    NotFound,
    Policy,
    RateLimited,
    Refused,
    RegistryError,
    TooLarge,
    Unreachable,
    Unsupported,
)
from tui.registry.request import Response
from tui.text import plural, safe

_MISSING = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})
_IMMUTABLE_WORDS = ("immutable", "cannot be overwritten", "already exists")
_QUOTA_WORDS = ("quota", "storage limit")
_ADVICE = {
    "MANIFEST_INVALID": " It rejects the document: check its JSON.",
    "DIGEST_INVALID": " It finds that digest and bytes differ, or does not know the algorithm.",
    "SIZE_INVALID": " It counts another size than announced.",
    "TAG_INVALID": " The tag's name is not allowed there.",
    "NAME_INVALID": " The repository's name is not allowed there.",
    "BLOB_UPLOAD_INVALID": " The upload was lost: push again.",
    "BLOB_UPLOAD_UNKNOWN": " The upload was lost: push again.",
}


def write_error(
    response: Response, what: str, registry: str, repository: str, *, retry_after: float | None = None
) -> RegistryError:
    """`what` is what was to be done, safe, as in "put the manifest sha256:… of app". `retry_after` (seconds) goes
    into RateLimited and Unreachable."""
    errors = read_errors(response.body, response.media_type)
    status, code, codes = response.status, errors.code, errors.codes
    message = errors.message.lower()
    says = f" It says: {errors.message}." if errors.message else ""
    repository = safe(repository, limit=260)

    def error(kind: type[RegistryError], why: str, **more: object) -> RegistryError:
        return response.error(kind, f"{registry} refused to {what}{why}", code=code, **more)

    if status == 429 or "TOOMANYREQUESTS" in codes or "TOO_MANY_REQUEST" in codes:
        sentence = f"{registry} refused to {what}: the rate of requests is limited.{says}"
        return RateLimited(sentence, code=code, exchange_id=response.exchange.id, retry_after=retry_after)
    if codes & _MISSING and status in (400, 404, 422):
        return error(Refused, f": {_missing(errors.digests, repository)}", details=errors.digests)
    if _is_immutable(status, code, codes, message):
        return error(Policy, f": the tag is immutable. Push to another tag, or by digest only.{says}")
    if "NAME_UNKNOWN" in codes or (status == 404 and ("project" in message or "repository" in message)):
        why = f": it does not know {repository}. Create the repository first.{says}"
        return error(NotFound, why, repo_unknown=True)
    if status in (401, 403):
        if any(word in message for word in _QUOTA_WORDS):
            return error(Policy, f": the quota is used up. Delete something, or ask for more.{says}")
        why = f": you may not write to {repository}, or it does not exist ({status}). "
        return error(Denied, f"{why}Log in with an account that may push.{says}")
    if status == 413 or "request body too large" in str([each.detail for each in errors.errors]):
        return error(TooLarge, f": it is too large.{says}")
    if status in (405, 415, 501) or "UNSUPPORTED" in codes:
        if "read-only" in message or "readonly" in message:
            return error(Policy, f": it is read-only. Try again later.{says}")
        return error(Unsupported, f": it does not offer that ({status}).{says}")
    if status == 409:
        return error(Conflict, f": it conflicts with existing content.{says}")
    if status in (412, 451):
        return error(Policy, f": a policy of the registry forbids it. Ask its administrator.{says}")
    if status >= 500:
        return error(Unreachable, f": a server error ({status}).{says}", retry_after=retry_after)
    return error(Refused, f" ({status}).{says}{_ADVICE.get(code, '')}", details=errors.digests)


def _missing(digests: tuple[str, ...], repository: str) -> str:
    count = len(digests)
    which = f"{plural(count, 'object')} that it names" if count else "an object that it names"
    are = "are" if count > 1 else "is"
    listed = f": {', '.join(digests[:3])}{', …' if count > 3 else ''}" if count else ""
    return (
        f"{which} {are} not in {repository}{listed}. "
        "Mount or copy what is missing first, or recreate the list from its sources."
    )


def _is_immutable(status: int, code: str, codes: frozenset[str], message: str) -> bool:
    if "TAG_IMMUTABLE" in codes:
        return True
    if code == "TAG_INVALID" and status == 400:  # ECR
        return any(word in message for word in _IMMUTABLE_WORDS) or not message
    return status in (409, 412) and any(word in message for word in _IMMUTABLE_WORDS[:2])
