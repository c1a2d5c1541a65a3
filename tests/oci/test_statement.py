from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.digest import Digest
from tui.oci.errors import MalformedDocument
from tui.oci.statement import decode_statement, summary

HEX = "d" * 64
SUBJECT = [{"name": "pkg:docker/app@1", "digest": {"sha256": HEX}}]
V02 = "https://slsa.dev/provenance/v0.2"
V1 = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"


def statement(predicate_type: str, predicate: Any, subject: Any = SUBJECT) -> bytes:
    return json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": predicate_type,
            "subject": subject,
            "predicate": predicate,
        }
    ).encode()


def rows(raw: bytes) -> dict[str, str]:
    return dict(summary(decode_statement(raw)))


def test_provenance_0_2() -> None:
    predicate = {
        "builder": {"id": "https://ci.example/42"},
        "buildType": "https://mobyproject.org/buildkit@v1",
        "invocation": {"configSource": {"uri": "https://git.example/app.git#main"}},
        "metadata": {"buildStartedOn": "2026-01-01T00:00:00Z", "buildFinishedOn": "2026-01-01T00:01:00Z"},
        "materials": [{"uri": "pkg:docker/alpine@3.20\x1b"}, {"uri": "x"}],
    }
    found = rows(statement(V02, predicate))
    assert found["kind"] == "provenance"
    assert found["builder"] == "https://ci.example/42"
    assert found["source"] == "https://git.example/app.git#main"
    assert found["materials"] == "2 materials"
    assert found["finished"] == "2026-01-01T00:01:00Z"
    assert ("material", "pkg:docker/alpine@3.20\\x1b") in summary(decode_statement(statement(V02, predicate)))


def test_provenance_1() -> None:
    predicate = {
        "buildDefinition": {"buildType": "buildkit", "resolvedDependencies": [{"uri": "a"}]},
        "runDetails": {"builder": {"id": "me"}, "metadata": {"startedOn": "2026"}},
    }
    found = rows(statement(V1, predicate))
    assert (found["builder"], found["build type"], found["materials"]) == ("me", "buildkit", "1 material")
    assert found["started"] == "2026"


def test_sboms() -> None:
    predicate = {
        "name": "sbom",
        "spdxVersion": "SPDX-2.3",
        "creationInfo": {"created": "2026", "creators": ["Tool: syft", 5]},
        "packages": [{}] * 14,
    }
    found = rows(statement(SPDX, predicate))
    assert (found["kind"], found["packages"], found["created by"]) == ("SBOM (SPDX)", "14 packages", "Tool: syft")
    cyclone = rows(statement("https://cyclonedx.org/bom", {"components": [{}], "specVersion": "1.5"}))
    assert cyclone["components"] == "1 component"


def test_other_predicates_are_named_only() -> None:
    found = rows(statement("https://example.com/x", {"a": 1}))
    assert found == {"kind": "https://example.com/x", "predicate type": "https://example.com/x", "subjects": "1"}


def test_whom_it_speaks_of() -> None:
    found = decode_statement(statement(V1, {}))
    assert found.names(Digest.parse(f"sha256:{HEX}"))
    assert not found.names(Digest.parse("sha256:" + "e" * 64))
    assert not found.names(Digest.parse("sha512:" + "d" * 128))
    assert decode_statement(statement(V1, {}, None)).subjects == ()


def test_an_envelope_is_opened_and_never_called_verified() -> None:
    inner = statement(SPDX, {"packages": []})
    raw = json.dumps(
        {
            "payloadType": "application/vnd.in-toto+json",
            "payload": base64.b64encode(inner).decode(),
            "signatures": [{"sig": "x"}],
        }
    ).encode()
    found = decode_statement(raw)
    assert found.signed
    assert found.raw == raw
    assert found.predicate_type == SPDX
    assert "not verified" in dict(summary(found))["envelope"]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_an_envelope_may_use_either_alphabet(encode: Callable[[bytes], bytes]) -> None:
    """DSSE protocol: readers accept standard and URL-safe base64."""
    inner = statement(V1, {"buildType": "???>>>~~~"})
    payload = encode(inner).decode()
    assert ("+" in payload or "/" in payload) is (encode is base64.b64encode)
    raw = json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": payload}).encode()
    assert decode_statement(raw).predicate_type == V1


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"{}", "predicateType"),
        (b'{"predicateType": 5}', "predicateType"),
        (statement(V1, {}, {}), "subject"),
        (statement(V1, {}, [5]), "subject[0]"),
        (statement(V1, {}, [{}]), "subject[0].digest"),
        (b'{"payloadType": "x", "payload": 5}', "payload"),
        (b'{"payloadType": "x", "payload": "?"}', "payload"),
        (b'{"payloadType": "x", "payload": "W10="}', ""),
        (b" " * (4 * 1024 * 1024) + b"{}", ""),
    ],
)
def test_what_is_no_statement(raw: bytes, field: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        decode_statement(raw)
    assert caught.value.field == field


def test_the_number_of_subjects_is_bounded() -> None:
    with pytest.raises(MalformedDocument, match="more than 10,000"):
        decode_statement(statement(V1, {}, SUBJECT * 10_001))


VALUES = st.recursive(
    st.sampled_from([None, True, 5, "x", "\ud800\x1b"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["builder", "id", "materials", "uri", "metadata", "runDetails", "packages", "creationInfo", "creators"]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([V02, V1, SPDX, "https://cyclonedx.org/bom", "\x1b"]), VALUES, VALUES)
def test_any_predicate_has_a_safe_summary(predicate_type: str, predicate: Any, subject: Any) -> None:
    with contextlib.suppress(MalformedDocument):
        for word, value in summary(decode_statement(statement(predicate_type, predicate, subject))):
            assert word and value
            assert (word + value).isprintable()


@given(st.binary())
def test_any_bytes(raw: bytes) -> None:
    with contextlib.suppress(MalformedDocument):
        decode_statement(raw)
