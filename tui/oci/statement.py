"""In-toto statements: provenance and SBOM (in-toto attestation spec, SLSA provenance, SPDX, CycloneDX)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.oci import strict_json
from tui.oci.attestation import predicate_name
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDocument
from tui.text import plural, safe

STATEMENT_LIMIT = 4 * 1024 * 1024
_SUBJECT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement speaks of: a name (raw) and its digests, algorithm to encoded."""

    name: str
    digests: Mapping[str, str] = field(hash=False)

    def names(self, digest: Digest) -> bool:
        """Whether this subject is the object with that digest."""
        return self.digests.get(digest.algorithm) == digest.encoded


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement; all its text is raw. `signed` says that it came in an envelope; the signature is not verified."""

    predicate_type: str
    subjects: tuple[Subject, ...]
    predicate: Any = field(hash=False, repr=False)
    raw: bytes = field(repr=False)
    signed: bool = False

    def names(self, digest: Digest) -> bool:
        """Whether one of the subjects is the object with that digest."""
        return any(subject.names(digest) for subject in self.subjects)


def decode_statement(raw: bytes) -> Statement:
    """Read a statement, at most 4 MiB, out of its DSSE envelope if it is in one. Raises MalformedDocument."""
    document = _object(raw, "The document")
    signed = "payload" in document and "payloadType" in document
    if signed:
        payload = document["payload"]
        try:
            # DSSE protocol: either alphabet may be used, and readers accept both.
            plain = payload.replace("-", "+").replace("_", "/") if isinstance(payload, str) else None
            inner = base64.b64decode(plain, validate=True) if plain is not None else None
        except (binascii.Error, ValueError):
            inner = None
        if inner is None:
            raise MalformedDocument("payload", "must be base64")
        document = _object(inner, "The payload of the envelope")
    predicate_type = document.get("predicateType")
    if not isinstance(predicate_type, str):
        raise MalformedDocument("predicateType", "must be text")
    return Statement(predicate_type, _subjects(document.get("subject")), document.get("predicate"), raw, signed)


def _object(raw: bytes, what: str) -> Mapping[str, Any]:
    document = strict_json.loads(raw, limit=STATEMENT_LIMIT)
    if not isinstance(document, dict):
        raise MalformedDocument("", f"{what} is not a JSON object, so it is no statement.")
    return document


def _subjects(value: Any) -> tuple[Subject, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise MalformedDocument("subject", "must be a list")
    if len(value) > _SUBJECT_LIMIT:
        raise MalformedDocument("subject", f"has {len(value):,} entries; more than {_SUBJECT_LIMIT:,} are not read")
    found = []
    for position, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise MalformedDocument(f"subject[{position}]", "must be an object")
        name, digests = entry.get("name"), entry.get("digest")
        if not isinstance(digests, dict):
            raise MalformedDocument(f"subject[{position}].digest", "must be an object")
        good = {key: text for key, text in digests.items() if isinstance(text, str)}
        found.append(Subject(name if isinstance(name, str) else "", good))
    return tuple(found)


def summary(statement: Statement) -> list[tuple[str, str]]:
    """What the statement says in a few rows of (safe) words and values, such as builder, materials, packages."""
    rows = [("kind", predicate_name(statement.predicate_type)), ("predicate type", statement.predicate_type)]
    if statement.signed:
        rows.append(("envelope", "signed (DSSE); signature not verified"))
    rows.append(("subjects", str(len(statement.subjects))))
    predicate = statement.predicate
    if statement.predicate_type.startswith("https://slsa.dev/provenance/"):
        rows += _provenance(predicate)
    elif statement.predicate_type.startswith("https://spdx.dev/"):
        rows += _spdx(predicate)
    elif statement.predicate_type.startswith("https://cyclonedx.org/"):
        rows += _cyclonedx(predicate)
    return [(safe(word), safe(value, limit=500)) for word, value in rows if value]


def _at(document: Any, *path: str) -> Any:
    """What is at this path of keys, or None when something on the way is no object."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _text(document: Any, *path: str) -> str:
    value = _at(document, *path)
    return value if isinstance(value, str) else ""


def _count(value: Any, noun: str) -> str:
    return plural(len(value), noun) if isinstance(value, list) else ""


def _provenance(predicate: Any) -> list[tuple[str, str]]:
    """SLSA provenance, v0.2 and v1, which name the same things differently."""
    made = _at(predicate, "metadata") or _at(predicate, "runDetails", "metadata")
    materials = _at(predicate, "materials") or _at(predicate, "buildDefinition", "resolvedDependencies")
    rows = [
        ("builder", _text(predicate, "builder", "id") or _text(predicate, "runDetails", "builder", "id")),
        ("build type", _text(predicate, "buildType") or _text(predicate, "buildDefinition", "buildType")),
        ("source", _text(predicate, "invocation", "configSource", "uri")),
        ("started", _text(made, "buildStartedOn") or _text(made, "startedOn")),
        ("finished", _text(made, "buildFinishedOn") or _text(made, "finishedOn")),
        ("materials", _count(materials, "material")),
    ]
    shown = materials[:10] if isinstance(materials, list) else []
    return rows + [("material", _text(material, "uri")) for material in shown]


def _spdx(predicate: Any) -> list[tuple[str, str]]:
    creators = _at(predicate, "creationInfo", "creators")
    named = [item for item in creators if isinstance(item, str)] if isinstance(creators, list) else []
    return [
        ("name", _text(predicate, "name")),
        ("version", _text(predicate, "spdxVersion")),
        ("created", _text(predicate, "creationInfo", "created")),
        ("created by", ", ".join(named)),
        ("packages", _count(_at(predicate, "packages"), "package")),
        ("files", _count(_at(predicate, "files"), "file")),
    ]


def _cyclonedx(predicate: Any) -> list[tuple[str, str]]:
    return [
        ("version", _text(predicate, "specVersion")),
        ("created", _text(predicate, "metadata", "timestamp")),
        ("components", _count(_at(predicate, "components"), "component")),
    ]
