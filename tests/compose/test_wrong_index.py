"""Indexes that say something wrong of what they name: a size stops the plan with both, a media type is warned about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compose.fixtures import Rig, make
from tui.app.pages.plan import plan_page
from tui.commands.create import create
from tui.commands.plan_text import plan_text
from tui.compose.plan import How, Plan, to_json
from tui.compose.planner import plan_draft
from tui.demo.images import Image, index, put_index
from tui.formats.writer import Sheet
from tui.oci import media
from tui.oci.digest import Digest


def put_lying(rig: Rig, **lie: Any) -> tuple[Image, int]:
    """An index in app:lying that says something else of its arm64 image, and the true size of that."""
    one, two = make("a", "linux/amd64"), make("a", "linux/arm64")
    rig.put("app", one)
    rig.put("app", two)
    made = index([one.entry(), two.entry(**lie)])
    rig.change(lambda store: put_index(store, "app", made, ("lying",)))
    return two, len(two.manifest.raw)


def words(plan: Plan) -> str:
    """What the plan's screen says."""
    page = plan_page(plan)
    return "\n".join(page.plain(number) for number in range(len(page)))


@pytest.mark.parametrize("target", ["app:1", "other:1"])
async def test_a_wrong_size_is_called_that_and_stops(rig: Rig, target: str) -> None:
    two, size = put_lying(rig, size=12_345)
    plan = await plan_draft(await rig.draft(target, "app:lying"), rig.inspector)
    assert not plan.ready
    (problem,) = plan.problems
    assert problem.code == "mismatch" and problem.stops and not problem.undetermined
    for word in (two.manifest.digest, "linux/arm64", "12,345 bytes", f"{size:,}", "A push cannot fix it"):
        assert word in problem.message
    assert "nowhere" not in plan_text(plan, Sheet()) and "nowhere" not in words(plan)
    assert plan.count(How.WRONG) == to_json(plan)["counts"]["wrong"] == 1
    assert plan.count(How.NOWHERE) == 0


async def test_a_layer_of_a_wrong_size_is_called_that_too(rig: Rig) -> None:
    one = make("a", "linux/amd64")
    rig.put("app", one)
    document = json.loads(one.manifest.raw)
    size = document["layers"][0]["size"]
    document["layers"][0]["size"] = size + 7
    raw = json.dumps(document).encode()
    rig.change(lambda store: store.put_manifest("app", raw, media.OCI_MANIFEST, ("lying",)))
    plan = await plan_draft(await rig.draft("app:1", "app:lying"), rig.inspector)
    (problem,) = plan.problems
    assert problem.code == "mismatch" and problem.stops
    assert f"{size} bytes" in problem.message and f"{size + 7} bytes" in problem.message
    assert "nowhere" not in problem.message


@pytest.mark.parametrize("target", ["app:1", "other:1"])
async def test_a_wrong_media_type_is_taken_over_with_a_warning(
    rig: Rig, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    two, _ = put_lying(rig, mediaType=media.DOCKER_MANIFEST)
    plan = await plan_draft(await rig.draft(target, "app:lying"), rig.inspector)
    assert plan.ready
    (warning,) = [each for each in plan.warnings if "calls it" in each]
    short = Digest.parse(two.manifest.digest).short
    for word in (short, "linux/arm64", media.DOCKER_MANIFEST, media.OCI_MANIFEST):
        assert word in warning
    assert warning in to_json(plan)["warnings"] and warning in plan_text(plan, Sheet())
    assert "calls it" in words(plan)
    status = await create(rig.inspector, rig.at(target), [rig.at("app:lying")], json=True, journal=rig.journal)
    written = capsys.readouterr()
    assert status == 0
    assert warning in written.err
    assert json.loads(written.out)["warnings"] == [warning]
