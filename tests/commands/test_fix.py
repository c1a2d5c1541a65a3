"""`fanfold fix`: the plan on stderr, the check after it, the exit statuses, and the offer when it cannot be had."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from tests.compose.fixtures import Rig, make
from tests.support.schemas import hold_printed
from tui.commands.fix import fix
from tui.config import Settings
from tui.demo.faults import deny
from tui.demo.images import Image
from tui.engine import open_engine
from tui.sources.spec import parse_source

Capture = pytest.CaptureFixture[str]


class Command:
    def __init__(self, rig: Rig, capsys: Capture) -> None:
        self.rig, self.capsys = rig, capsys

    async def __call__(self, source: str, places: Sequence[str] = (), **options: Any) -> tuple[int, str, str]:
        self.capsys.readouterr()
        async with aclosing(open_engine(Settings())) as engine:
            status = await fix(
                engine,
                parse_source(self.rig.at(source)),
                [parse_source(self.rig.at(text)) for text in places],
                journal=self.rig.journal,
                **options,
            )
        written = self.capsys.readouterr()
        if options.get("json"):
            hold_printed(written.out, "fix")
        return status, written.out, written.err


@pytest.fixture
def command(rig: Rig, capsys: Capture) -> Command:
    return Command(rig, capsys)


def broken(rig: Rig, tag: str = "1") -> list[Image]:
    images = [make(tag, f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list("app", images, tag)
    rig.change(lambda store: store.delete_blob("app", images[1].layers[1].digest))
    return images


async def test_whole_again_with_the_same_digest(rig: Rig, command: Command) -> None:
    images = broken(rig)
    rig.put("staging", images[1], "x")
    held = rig.holds("app", "1")
    status, out, err = await command("app:1", ["staging"])
    assert (status, out) == (0, "")
    assert "mount the layer" in err and err.index("Fix 127") < err.index("Restored 1 object; no tag was touched.")
    assert "can be pulled on both platforms" in err
    assert rig.holds("app", "1") == held
    status, _, err = await command("app:1")
    assert status == 0 and "no missing objects" in err and not rig.asked("DELETE")


async def test_a_dry_run_prints_the_plan_and_writes_nothing(rig: Rig, command: Command) -> None:
    images = broken(rig)
    rig.put("staging", images[1], "x")
    status, out, _ = await command("app:1", ["staging"], dry_run=True, json=True)
    planned = json.loads(out)
    assert (status, planned["action"], [step["kind"] for step in planned["steps"]]) == (0, "fix", ["mount"])
    assert planned["before"] == planned["digest"]
    status, out, _ = await command("app:1", ["staging"], dry_run=True)
    assert status == 0 and out.startswith("Fix 127")
    assert not rig.asked("POST") and not rig.asked("PUT")


async def test_what_cannot_be_had_is_named_and_recreating_is_not_offered_when_it_would_not_help(
    rig: Rig, command: Command
) -> None:
    images = broken(rig)
    rig.put("app", images[0], "1-amd64")
    rig.put("app", images[1], "1-arm64", without=(images[1].layers[1],))
    rig.change(lambda store: store.delete_blob("app", images[1].layers[1].digest))
    status, out, err = await command("app:1", json=True)
    document = json.loads(out)
    assert (status, document["outcome"]) == (1, "incomplete")
    assert [each["digest"] for each in document["lacking"]] == [images[1].layers[1].digest]
    assert "would not help" in err and "from its sources" not in err
    assert not rig.asked("POST")


async def test_recreating_is_offered_with_its_effect_where_it_helps(rig: Rig, command: Command) -> None:
    images = broken(rig)
    rig.put("app", images[0], "1-amd64")
    rig.put("app", make("new", "linux/arm64"), "1-arm64")
    status, _, err = await command("app:1")
    assert status == 1
    name = rig.at("app:1")
    assert f"fanfold create {name} {name}-amd64 {name}-arm64" in err
    assert "1 changed, 1 as before" in err


async def test_a_repository_is_fixed_in_one_plan(rig: Rig, command: Command) -> None:
    for tag in ("1", "2"):
        images = broken(rig, tag)
        rig.put("staging", images[1], tag)
    rig.put_list("app", [make("well", "linux/amd64")], "3")
    status, out, err = await command("app", ["staging"], json=True)
    document = json.loads(out)
    assert (status, document["outcome"], sorted(document["tags"])) == (0, "whole", ["1", "2"])
    assert len(document["written"]) == 2 and len(document["checks"]) == 2
    assert "and 1 other tag" in err


async def test_the_catalog_is_searched_on_demand(rig: Rig, command: Command) -> None:
    images = broken(rig)
    rig.put("far/away", images[1], "x")
    status, _, err = await command("app:1")
    assert status == 1 and f"--search-catalog searches every repository that {rig.registry} lists" in err
    assert (await command("app:1", search_catalog=True))[0] == 0


async def test_no_sentence_is_said_twice(rig: Rig, command: Command) -> None:
    """A dry run said each problem in the plan and again on stderr."""
    images = broken(rig)
    status, out, err = await command("app:1", dry_run=True)
    text = out + err
    assert status == 1 and "was not found" in out
    assert [line for line in text.splitlines() if line.strip() and text.count(line.strip()) > 1] == []
    planned = json.loads((await command("app:1", dry_run=True, json=True))[1])
    assert "was not found" in planned["problems"][0]["message"]
    rig.put("staging", images[1], "x")
    rig.change(lambda store: store.delete_blob("app", images[0].layers[0].digest))
    status, out, err = await command("app:1", ["staging"])
    assert (status, err.count(f"{images[0].layers[0].digest} of linux/amd64 was not found")) == (1, 1)


async def test_a_tag_that_could_not_be_asked_for_is_not_said_to_be_absent(rig: Rig, command: Command) -> None:
    broken(rig)
    rig.change(lambda store: deny(store, "app"))
    status, out, err = await command("app:1", dry_run=True)
    assert status == 3 and "no such tag" not in out + err
    assert "current     unknown" in out
    status, out, err = await command("well:nope", dry_run=True)
    assert status == 1 and "current     no such tag" in out


async def test_undetermined_is_status_3(rig: Rig, command: Command) -> None:
    broken(rig)
    rig.put("secret", make("x", "linux/amd64"), "x")
    rig.change(lambda store: deny(store, "secret"))
    status, out, _ = await command("app:1", ["secret"], json=True)
    assert (status, json.loads(out)["outcome"]) == (3, "undetermined")
    rig.change(lambda store: deny(store, "app"))
    for source in ("app:1", "app"):
        status, out, _ = await command(source, json=True)
        assert (status, json.loads(out)["outcome"]) == (3, "undetermined")


async def test_a_tag_that_is_not_there_is_status_1(rig: Rig, command: Command) -> None:
    broken(rig)
    status, _, err = await command("app:nope")
    assert status == 1 and "ot found: " in err
