"""What a registry means when it refuses a write, in a plain sentence with the next step (protocol: "Error Codes", and
what Quay, Harbor, ECR and zot make of them)."""

from __future__ import annotations

from tui.registry.answers import ErrorBody, read_errors
from tui.registry.ask import Answer
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
from tui.text import plural, safe

_MISSING = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})
_IMMUTABLE_WORDS = ("immutable", "cannot be overwritten", "already exists")
_QUOTA_WORDS = ("quota", "storage limit")


def refusal(answer: Answer, what: str, registry: str, repository: str) -> RegistryError:
    """`what` is what was to be done, safe, as in "put the manifest sha256:… of app"."""
    errors = read_errors(answer.body, answer.media_type)
    return _Reading(answer, errors, what, registry, safe(repository, limit=260)).error()


class _Reading:
    def __init__(self, answer: Answer, errors: ErrorBody, what: str, registry: str, repository: str) -> None:
        self.status = answer.status
        self.errors = errors
        self.code = errors.code
        self.words = errors.message.lower()
        self.said = f" It says: {errors.message}." if errors.message else ""
        self.start = f"{registry} refused to {what}"
        self.registry = registry
        self.repository = repository
        self.request = answer.exchange.id

    def error(self) -> RegistryError:
        status, codes = self.status, self.errors.codes
        if status == 429 or "TOOMANYREQUESTS" in codes or "TOO_MANY_REQUEST" in codes:
            return RateLimited(
                f"{self.start}: the rate of requests is limited.{self.said}", code=self.code, request=self.request
            )
        if codes & _MISSING and status in (400, 404, 422):
            return self._missing()
        if self._immutable():
            return self._policy("the tag is immutable. Push to another tag, or by digest only.")
        if "NAME_UNKNOWN" in codes or (status == 404 and ("project" in self.words or "repository" in self.words)):
            return self._not_found()
        if status in (401, 403):
            return self._denied()
        if status == 413 or "request body too large" in str([error.detail for error in self.errors.errors]):
            return self._make(TooLarge, f"{self.start}: it is too large.{self.said}")
        if status in (405, 415, 501) or "UNSUPPORTED" in codes:
            return self._unsupported()
        if status == 409:
            return self._make(Conflict, f"{self.start}: it conflicts with something there.{self.said}")
        if status in (412, 451):
            return self._policy("a rule of the registry forbids it. Ask who runs it.")
        if status >= 500:
            return self._make(Unreachable, f"{self.start}: an error of its own ({status}).{self.said}")
        return self._refused(f"({status}).{self.said}", "")

    def _make(self, kind: type[RegistryError], sentence: str) -> RegistryError:
        error = kind(sentence)
        error.status, error.code, error.request = self.status, self.code, self.request
        return error

    def _immutable(self) -> bool:
        if "TAG_IMMUTABLE" in self.errors.codes:
            return True
        if self.code == "TAG_INVALID" and self.status == 400:  # ECR
            return any(word in self.words for word in _IMMUTABLE_WORDS) or not self.words
        return self.status in (409, 412) and any(word in self.words for word in _IMMUTABLE_WORDS[:2])

    def _missing(self) -> RegistryError:
        digests = self.errors.digests
        count = len(digests)
        which = f"{plural(count, 'object')} that it names" if count else "something that it names"
        are = "are" if count > 1 else "is"
        listed = f": {', '.join(digests[:3])}{', …' if count > 3 else ''}" if count else ""
        sentence = (
            f"{self.start}: {which} {are} not in {self.repository}{listed}. "
            "Mount or copy what is missing first, or recreate the list from its sources."
        )
        return Refused(sentence, details=digests, status=self.status, code=self.code, request=self.request)

    def _policy(self, why: str) -> RegistryError:
        return self._make(Policy, f"{self.start}: {why}{self.said}")

    def _not_found(self) -> RegistryError:
        return NotFound(
            f"{self.start}: it does not know {self.repository}. There, somebody must create it first.{self.said}",
            repo_unknown=True,
            status=self.status,
            code=self.code,
            request=self.request,
        )

    def _denied(self) -> RegistryError:
        if any(word in self.words for word in _QUOTA_WORDS):
            return self._policy("the quota is used up. Delete something, or ask for more.")
        return self._make(
            Denied,
            f"{self.start}: you may not write to {self.repository}, or it does not exist ({self.status}). "
            f"Log in with an account that may push.{self.said}",
        )

    def _unsupported(self) -> RegistryError:
        if "read-only" in self.words or "readonly" in self.words:
            return self._policy("it is read-only at the moment. Try again later.")
        return self._make(Unsupported, f"{self.start}: it does not offer that ({self.status}).{self.said}")

    def _refused(self, why: str, step: str) -> RegistryError:
        advice = {
            "MANIFEST_INVALID": " The document is not to its liking: look at its JSON.",
            "DIGEST_INVALID": " The digest and the bytes do not agree for it, or it does not know the algorithm.",
            "SIZE_INVALID": " It counts another size than was announced.",
            "TAG_INVALID": " The tag's name is not allowed there.",
            "NAME_INVALID": " The repository's name is not allowed there.",
            "BLOB_UPLOAD_INVALID": " The upload was lost on the way: push again.",
            "BLOB_UPLOAD_UNKNOWN": " The upload was lost on the way: push again.",
        }.get(self.code, step)
        return Refused(
            f"{self.start} {why}{advice}",
            details=self.errors.digests,
            status=self.status,
            code=self.code,
            request=self.request,
        )
