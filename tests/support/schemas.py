"""The schemas of `docs/schema/`, strictly: nothing stands in a document of ours that is not described."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parents[2] / "docs" / "schema"


def read(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return made


def objects_in(schema: Any) -> Iterator[dict[str, Any]]:
    """Every part of a schema that describes an object."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict) and schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects_in(value)


@cache
def _closed(name: str) -> jsonschema.Draft202012Validator:
    strict = read(name)
    for part in objects_in(strict):
        part["additionalProperties"] = False
    return jsonschema.Draft202012Validator(strict)


def hold(document: Any, name: str) -> None:
    """Raises ValidationError unless the document is as its schema says, with no field that it does not describe."""
    _closed(name).validate(document)


def hold_printed(text: str, command: str) -> None:
    """The same of what a command that writes printed with `--json`."""
    if not text:
        return
    document = json.loads(text)
    name = "plan" if "action" in document else "fix" if command == "fix" else "write"
    hold(document, name)
    for report in document["checks"] if name == "fix" else ():
        hold(report, "check")
