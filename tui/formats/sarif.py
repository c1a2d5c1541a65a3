"""Reports as SARIF 2.1.0 (OASIS): findings as results, their codes as rules, images as locations."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tui import __version__
from tui.explore.finding import Code, Severity, codes
from tui.explore.report import Report, exit_status
from tui.explore.tally import Tally
from tui.formats.writer import Writer
from tui.oci.canonical_json import json_text
from tui.resources import records
from tui.text import with_keys

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
#: The rules for what no finding stands for, such as a platform that was expected: `resources/verdict_rules.toml`.
_BROKEN, _UNKNOWN = "not-whole", "not-determined"


class SarifWriter(Writer):
    """Writes one log with one run, a result after the other."""

    def __init__(self) -> None:
        self._begun = False
        self._results = 0
        self._rules = [*codes().values(), *records("verdict_rules.toml", Code).values()]
        self._places = {rule.code: place for place, rule in enumerate(self._rules)}

    def put(self, report: Report, *, tag: str | None = None) -> str:
        parts = [self._head()]
        for result in self._of(report):
            parts.append((",\n" if self._results else "\n") + json_text(result))
            self._results += 1
        return "".join(parts)

    def end(self, tally: Tally) -> Iterator[str]:
        yield f"{self._head()}\n]}}]}}\n"

    def _head(self) -> str:
        if self._begun:
            return ""
        self._begun = True
        driver = {"name": "fanfold", "version": __version__, "rules": [_rule(rule) for rule in self._rules]}
        invocations = [{"executionSuccessful": True}]
        head = json_text({"tool": {"driver": driver}, "invocations": invocations})
        return f'{{"$schema": {json_text(_SCHEMA)}, "version": "2.1.0", "runs": [{head[:-1]}, "results": ['

    def _of(self, report: Report) -> Iterator[dict[str, Any]]:
        for finding in report.findings:
            text = f"{finding.message} Fix: {with_keys(finding.fix)}"
            level = _LEVELS[finding.severity]
            yield self._result(report, finding.code, level, text, finding.digest, finding.platform)
        status = exit_status(report)
        needed = {1: ("error",), 3: ("error", "warning")}.get(status, ())
        if status and not any(_LEVELS[finding.severity] in needed for finding in report.findings):
            rule = _BROKEN if status == 1 else _UNKNOWN
            yield self._result(report, rule, needed[-1], report.verdict.sentence, report.digest, None)

    def _result(
        self, report: Report, rule: str, level: str, text: str, digest: str | None, platform: str | None
    ) -> dict[str, Any]:
        same = "\n".join((rule, report.reference, platform or "", digest or ""))
        # A reference is no file, but consumers want a relative address and a line.
        place: dict[str, Any] = {
            "physicalLocation": {
                "artifactLocation": {"uri": quote(report.reference, safe="/")},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{"fullyQualifiedName": report.reference, "kind": "image"}],
        }
        more = {"digest": digest, "platform": platform, "image": report.digest}
        return {
            "ruleId": rule,
            "ruleIndex": self._places[rule],
            "level": level,
            "message": {"text": text},
            "locations": [place],
            "partialFingerprints": {"fanfold/v1": hashlib.sha256(same.encode()).hexdigest()},
            "properties": {name: str(value) for name, value in more.items() if value is not None},
        }


def _rule(rule: Code) -> dict[str, Any]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.cause},
        "help": {"text": with_keys(f"{' '.join(rule.what)} {rule.why} Fix: {rule.fix}")},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }
