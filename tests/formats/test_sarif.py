"""SARIF: valid for a schema, and with an error exactly when the command fails.

The schema below is our own: the objects of SARIF 2.1.0 that are written, with the properties that the standard requires
and the types that it gives them, and no other properties.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import jsonschema

from tests.formats.reports import broken, every, hostile, of, two_platforms, written
from tui.explore.finding import codes
from tui.explore.report import exit_status

_TEXT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["text"],
    "properties": {"text": {"type": "string"}},
}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


def _array(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


_RULE = _object(
    "id",
    id={"type": "string"},
    shortDescription=_TEXT,
    fullDescription=_TEXT,
    help=_TEXT,
    defaultConfiguration=_object("", level=_LEVEL),
)
_LOCATION = _object(
    "",
    physicalLocation=_object(
        "artifactLocation",
        artifactLocation=_object("uri", uri={"type": "string", "format": "uri-reference"}),
        region=_object("", startLine={"type": "integer", "minimum": 1}),
    ),
    logicalLocations=_array(_object("", fullyQualifiedName={"type": "string"}, kind={"type": "string"})),
)
_RESULT = _object(
    "message",
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": -1},
    level=_LEVEL,
    message=_TEXT,
    locations=_array(_LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
    properties={"type": "object"},
)
_RUN = _object(
    "tool",
    tool=_object(
        "driver",
        driver=_object(
            "name", name={"type": "string"}, version={"type": "string"}, rules=_array(_RULE, uniqueItems=True)
        ),
    ),
    invocations=_array(_object("executionSuccessful", executionSuccessful={"type": "boolean"})),
    results=_array(_RESULT),
)
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_object(
        "version runs",
        **{"$schema": {"type": "string", "format": "uri"}, "version": {"const": "2.1.0"}, "runs": _array(_RUN)},
    ),
}


async def test_every_report_is_valid() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    reports = await every()
    for some in ([], reports, *([each] for each in reports)):
        jsonschema.validate(json.loads(written("sarif", some)), SCHEMA)


async def test_the_rules_are_the_findings_codes() -> None:
    (run,) = json.loads(written("sarif", await every()))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert {rule["id"] for rule in rules} == {*codes(), "not-whole", "not-determined"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert "{key:" not in json.dumps(run)


async def test_a_result_says_where_what_and_what_to_do() -> None:
    made = await broken()
    (run,) = json.loads(written("sarif", [made]))["runs"]
    (result,) = [each for each in run["results"] if each["ruleId"] == "missing-blob"]
    assert result["level"] == "error"
    assert "Layer 2 of linux/arm64 is missing" in result["message"]["text"]
    assert "Fix: " in result["message"]["text"]
    place = result["locations"][0]
    assert unquote(place["physicalLocation"]["artifactLocation"]["uri"]) == made.reference
    assert result["properties"]["platform"] == "linux/arm64"
    assert result["properties"]["digest"].startswith("sha256:")


async def test_what_fails_the_command_is_a_result() -> None:
    source, _ = two_platforms()
    for made in [*await every(), await of(source, expected=("linux/riscv64",))]:
        (run,) = json.loads(written("sarif", [made]))["runs"]
        levels = {each["level"] for each in run["results"]}
        assert exit_status(made) != 1 or "error" in levels
        assert exit_status(made) == 0 or levels & {"error", "warning"}
        assert exit_status(made) != 0 or "error" not in levels


async def test_a_result_keeps_its_fingerprint() -> None:
    first, again = [json.loads(written("sarif", [await broken()]))["runs"][0]["results"] for _ in range(2)]
    assert [each["partialFingerprints"] for each in first] == [each["partialFingerprints"] for each in again]
    assert len({each["partialFingerprints"]["fanfold/v1"] for each in first}) == len(first)


async def test_hostile_text_is_text() -> None:
    (run,) = json.loads(written("sarif", [await hostile()]))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].isascii()
