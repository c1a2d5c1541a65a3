"""The schemas in `docs/schema/`: valid themselves, true of what is written, and complete."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.formats.reports import every, two_platforms, written
from tests.support.gallery import served
from tests.support.schemas import FOLDER, hold, objects_in, read
from tui.compose.events import Outcome
from tui.compose.plan import Action, How, StepKind
from tui.explore.choice import Choice
from tui.explore.diff import Change
from tui.explore.explorer import Explorer
from tui.explore.finding import Severity
from tui.explore.objects import COUNTED
from tui.explore.report import SCHEMA, Report, report
from tui.oci.platform import Platform
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.base import Source
from tui.sources.registry import RegistrySource

FILES = sorted(FOLDER.glob("*.json"))
#: One of every kind of answer: whole, lost, denied, elsewhere, hostile, deep, no image.
SAMPLES = (
    "gallery/many-platforms",
    "gallery/missing-layer",
    "gallery/missing-platform",
    "gallery/denied",
    "gallery/private",
    "gallery/foreign-layer",
    "gallery/wrong-size",
    "gallery/not-json",
    "gallery/too-deep",
    "gallery/nested",
)


def fits(document: Any, schema: dict[str, Any]) -> bool:
    return not list(jsonschema.Draft202012Validator(schema).iter_errors(document))


async def asked(source: Source, repository: str, tag: str, choice: Choice | None = None) -> Report:
    explorer = Explorer()
    node = explorer.add_selector(source, repository, tag)
    run = explorer.check(node)
    await run.wait()
    return report(node, explorer.observations, requests=run.requests, searches=run.searches, choice=choice)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_schema_is_valid_open_and_described(file: Path) -> None:
    schema = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:fanfold:schema:{file.stem}"
    assert schema["title"] and schema["description"]
    parts = list(objects_in(schema))
    assert parts
    for part in parts:
        assert part["additionalProperties"] is True
        assert part["description"]
        assert set(part["required"]) <= set(part["properties"])
        for name, field in part["properties"].items():
            assert "$ref" in field or field["description"].endswith("."), name


async def test_every_kind_of_report_is_as_its_schema_says() -> None:
    reports = await every()
    for some in ([], reports, *([each] for each in reports)):
        hold(json.loads(written("json", some) or "[]"), "check")


async def test_the_gallery_is_as_the_schema_says() -> None:
    client = Client(ClientSettings(anonymous=True, longest_wait=1.0, deadline=30.0))
    try:
        with served() as registry:
            source = RegistrySource(client, registry.address)
            reports = [await asked(source, sample, "latest") for sample in SAMPLES]
    finally:
        await client.aclose()
    hold(json.loads(written("json", reports)), "check")
    seen = {part.observation.presence for made in reports for part in made.objects}
    assert len(seen) >= 5  # or the samples say little
    assert {finding.severity for made in reports for finding in made.findings} >= {Severity.ERROR, Severity.WARNING}


async def test_what_was_asked_for_and_expected_is_described() -> None:
    source, _ = two_platforms()
    platforms = tuple(map(Platform.parse, ("linux/arm64", "linux/s390x")))
    made = await asked(source, "app", "1", Choice(platforms, platforms))
    (document,) = [json.loads(written("json", [made]))]
    assert [len(document["asked"]), len(document["expected"])] == [2, 2]
    hold(document, "check")


async def test_a_report_without_a_field_or_with_another_type_is_refused() -> None:
    schema = read("check")
    source, _ = two_platforms()
    document = json.loads(written("json", [await asked(source, "app", "1")]))
    assert fits(document, schema) and fits({**document, "later": 1}, schema)
    for name in schema["$defs"]["report"]["required"]:
        assert not fits({each: value for each, value in document.items() if each != name}, schema)
        assert not fits({**document, name: {"not": "this"}}, schema)
    document["objects"][0]["presence"] = "probably"
    assert not fits(document, schema)


def test_the_words_are_the_programs() -> None:
    parts = read("check")["$defs"]
    assert parts["object"]["properties"]["presence"]["enum"] == [each.value for each in COUNTED]
    assert parts["report"]["properties"]["counts"]["required"] == [each.value for each in COUNTED]
    assert parts["finding"]["properties"]["severity"]["enum"] == [each.value for each in Severity]
    assert parts["report"]["properties"]["schema"]["const"] == SCHEMA
    plan, write = read("plan")["properties"], read("write")["properties"]
    assert plan["objects"]["items"]["properties"]["how"]["enum"] == [each.value for each in How]
    assert plan["counts"]["required"] == [each.value for each in How]
    assert plan["diff"]["items"]["properties"]["kind"]["enum"] == [each.value for each in Change]
    assert write["outcome"]["enum"] == [*(each.value for each in Outcome), "refused", "undetermined"]
    for names, said in ((StepKind, plan["steps"]["items"]["properties"]["kind"]), (Action, plan["action"])):
        words = re.findall(r"[a-z-]+", said["description"])
        assert not {each.value for each in names} - {*words}
