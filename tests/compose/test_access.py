"""Pushing where a login is needed: scopes for mounts, repositories that do not exist yet, refusals in words."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.events import Outcome
from tui.compose.planner import plan_draft
from tui.demo.access import PASSWORD, USER, Access, Rules
from tui.explore.inspector import Inspector
from tui.registry.client import Client


def log_in(home: Path, registry: str, password: str = PASSWORD) -> None:
    folder = home / ".docker"
    folder.mkdir(exist_ok=True)
    login = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {registry: {"auth": login}}}))


@pytest.mark.parametrize("scopes", ["all", "first", "last"])
async def test_mounting_with_tokens(rig: Rig, hermetic: Path, scopes: str) -> None:
    """Token servers that honour only one of two scopes refuse the mount; the blobs are copied then."""
    rig.put("staging", make("a", "linux/amd64"), "t")

    def rules(store: object) -> None:
        store.rules = Rules(required=True, scopes=scopes)  # type: ignore[attr-defined, arg-type]
        store.repository("staging").access = Access.PRIVATE  # type: ignore[attr-defined]
        store.repository("app").access = Access.PRIVATE  # type: ignore[attr-defined]

    rig.change(rules)
    log_in(hermetic, rig.registry)
    result = await rig.pushed("app:1", "staging:t")
    assert result.outcome is Outcome.PUSHED, result.sentence
    assert rig.holds("app", "1") == result.digest


async def test_reading_is_allowed_writing_is_not(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    old = rig.put_list("app", [make("old", "linux/amd64")], "1")
    rig.change(lambda store: setattr(store.repository("app"), "access", Access.READ_ONLY))
    plan = await rig.plan("app:1", "app:amd64")
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert result.undetermined
    assert rig.holds("app", "1") == old == result.tag_holds


async def test_a_tag_that_may_not_be_seen_is_said_and_not_called_absent(rig: Rig) -> None:
    rig.put("staging", make("a", "linux/amd64"), "t")
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    rig.change(lambda store: setattr(store.repository("app"), "access", Access.CLOSED))
    plan = await plan_draft(await rig.draft("app:1", "staging:t"), rig.inspector)
    assert plan.ready
    assert any("cannot be read" in warning for warning in plan.warnings)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert not [one for one in rig.asked("PUT") if one.status == 201]


async def test_what_could_not_be_asked_is_not_called_missing(rig: Rig) -> None:
    from tui.demo.quirks import Quirks

    one = rig.put("app", make("a", "linux/amd64"), "t")
    draft = await rig.draft("app:1", "app:t")
    broken = frozenset({one.layers[1].digest})
    rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(broken=broken)))
    client = Client(replace(rig.client.settings, tries=1, deadline=5.0))
    plan = await plan_draft(draft, Inspector(client))
    await client.aclose()
    assert not plan.ready
    stopping = [problem for problem in plan.problems if problem.stops]
    assert [problem.undetermined for problem in stopping] == [True]
    assert one.layers[1].digest in stopping[0].message
    assert "nowhere" not in stopping[0].message
