"""The table of findings: every stable code, how bad it is, what it is called, where it comes from and what fixes it.

Data only. The sentences about one particular object are made in `findings`; `teach` explains the codes at length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst, for sorting."""
        return ("error", "warning", "info").index(self.value)


#: The fix of a name that leads nowhere: there is nothing yet that could be recreated.
NOT_THERE = "Check the name and the tag, or push the image; opening the repository shows the tags that it has."


@dataclass(frozen=True, slots=True)
class Code:
    """One row: `title` and `cause` are plain words; `fix` says what to do (it may name a key as
    `{key:ACTION}`), `action` is the id of the action that does it."""

    code: str
    severity: Severity
    title: str
    cause: str
    fix: str
    action: str | None = None


_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO

_TABLE = (
    Code(
        "missing-blob",
        _E,
        "a blob is missing",
        "It was deleted, cleaned up, or never pushed to this repository.",
        "Push the image again, or recreate the manifest list from its tags.",
        "recreate",
    ),
    Code(
        "missing-manifest",
        _E,
        "a manifest is missing",
        "It was deleted or garbage-collected while the index that names it stayed.",
        "Push that platform again, or recreate the manifest list without it.",
        "recreate",
    ),
    Code(
        "size-mismatch",
        _E,
        "the size is not what the descriptor says",
        "The descriptor was written by hand or by a faulty tool, or the content was cut short.",
        "Recreate the manifest list, or push the image again; clients refuse content of another size.",
        "recreate",
    ),
    Code(
        "digest-mismatch",
        _E,
        "the content does not match its digest",
        "The registry's storage is damaged, or something between here and there changes the bytes.",
        "Push the content again; if it stays, look at the registry's storage or at a proxy in between.",
    ),
    Code(
        "cycle",
        _E,
        "an index contains itself",
        "Digests that cannot be verified were used to build a circle.",
        "Recreate the manifest list from the platforms' own images.",
        "recreate",
    ),
    Code(
        "too-deep",
        _E,
        "the tree is too deep or too large to follow",
        "Indexes are nested in indexes further than clients follow, or there are too many objects to check.",
        "Open a part of it and check that part; or recreate the manifest list without the nesting.",
        "recreate",
    ),
    Code(
        "invalid-manifest",
        _E,
        "the manifest cannot be read as one",
        "It is malformed, ambiguous, or of a kind that clients no longer support.",
        "Look at its JSON ({key:json}) and push the image again with a current tool.",
        "json",
    ),
    Code(
        "denied",
        _W,
        "the registry does not let us look",
        "The login is missing or wrong, or it may not read this repository; some registries say so for what is absent.",
        "Log in (docker login) with an account that may read this repository, then refresh.",
        "refresh",
    ),
    Code(
        "unreachable",
        _W,
        "no usable answer came",
        "The registry, or the way to it, did not answer in time or answered with an error.",
        "Refresh to ask again; the request log shows what came back.",
        "refresh",
    ),
    Code(
        "limited",
        _W,
        "the registry's rate limit is reached",
        "Too many requests in too short a time, from this account or this address.",
        "Wait until the limit is lifted, or log in for a higher one; then check again.",
        "check",
    ),
    Code(
        "media-type-mismatch",
        _W,
        "the media type is not what the descriptor says",
        "The index was written with another type than the manifest has.",
        "Recreate the manifest list; strict clients refuse the entry.",
        "recreate",
    ),
    Code(
        "platform-mismatch",
        _W,
        "the index names another platform than the image's config",
        "The platform was annotated by hand, or the image was built for another platform than was meant.",
        "Amend the entry's platform, or build the image for the platform that was meant.",
        "amend",
    ),
    Code(
        "duplicate-platform",
        _W,
        "two entries are for the same platform",
        "An entry was added without removing the old one; clients take the first.",
        "Amend the list and remove the entry that is not wanted.",
        "amend",
    ),
    Code(
        "stale-entry",
        _W,
        "the tag it came from points elsewhere now",
        "The image was pushed again after the manifest list was made.",
        "Recreate the manifest list from its tags.",
        "recreate",
    ),
    Code(
        "stale-local-list",
        _W,
        "Docker's stored list is not what the registry has",
        "docker manifest create keeps the list in Docker's configuration folder, and --amend keeps its old entries.",
        "Recreate the list from its tags, then push it.",
        "recreate",
    ),
    Code(
        "orphan-attestation",
        _W,
        "an attestation describes nothing in this index",
        "The platform that it describes was replaced or removed, and the attestation was left behind.",
        "Amend the list and remove the attestation.",
        "amend",
    ),
    Code(
        "dangling-subject",
        _W,
        "the subject is not in this repository",
        "What this manifest refers to was deleted, or only the referrer was copied.",
        "Copy the subject here too, or delete this manifest.",
        "copy-elsewhere",
    ),
    Code(
        "not-in-this-repository",
        _W,
        "it is in another repository",
        "Blobs and manifests belong to repositories; an index only sees those of its own.",
        "Mount or copy it: recreating the list does that.",
        "recreate",
    ),
    Code(
        "empty-index",
        _W,
        "the index has no entries",
        "It was made from nothing, or everything was removed from it.",
        "Amend it and add images.",
        "amend",
    ),
    Code(
        "nested-index",
        _I,
        "an index is inside an index",
        "An image that was pushed as an index (image and attestation) was added whole.",
        "Many clients do not follow it: recreate the list, which unwraps it.",
        "recreate",
    ),
    Code(
        "mixed-media-types",
        _I,
        "OCI and Docker manifests are mixed",
        "The platforms were built by different tools.",
        "Current clients cope; build all platforms with the same tool to be sure.",
    ),
    Code(
        "foreign-layer",
        _I,
        "a layer lives outside the registry",
        "Its licence forbids sharing it (Windows base layers), so it is fetched from its URLs.",
        "Nothing to do, as long as the clients can reach those URLs.",
    ),
    Code(
        "missing-attestation",
        _I,
        "this platform has no attestation, though others have",
        "It was built by another tool, or with attestations switched off.",
        "Build it again with provenance, if it is wanted.",
    ),
    Code(
        "unknown-platform",
        _I,
        "the platform is unknown/unknown",
        "The entry is neither an attestation nor does it name a platform.",
        "Amend the entry's platform.",
        "amend",
    ),
    Code(
        "no-platform",
        _I,
        "the entry names no platform",
        "The index was made without platforms; clients cannot choose by it.",
        "Amend the entry's platform; its config says which it is.",
        "amend",
    ),
)

#: Every code, in the order of design.md section 6.
CODES: dict[str, Code] = {row.code: row for row in _TABLE}
