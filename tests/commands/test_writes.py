"""`fanfold copy`, `tag`, `delete` and `undo`: the same plans as the screen's, with `--dry-run` and `--json`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.compose.fixtures import Rig, make
from tests.support.schemas import hold_printed
from tui.commands.writes import carry_out

Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def command(rig: Rig, capsys: pytest.CaptureFixture[str]) -> Command:
    async def run(name: str, *words: str, **options: Any) -> tuple[int, str, str]:
        capsys.readouterr()
        status = await carry_out(rig.inspector, name, words, journal=rig.journal, **options)
        written = capsys.readouterr()
        if options.get("json"):
            hold_printed(written.out, name)
        return status, written.out, written.err

    return run


async def test_copy_tag_undo_and_delete_one_after_the_other(rig: Rig, command: Command) -> None:
    new = str(rig.put_list("staging", [make("new", f"linux/{name}") for name in ("amd64", "arm64")], "1"))
    old = str(rig.put_list("app", [make("old", "linux/amd64")], "1"))

    status, out, _ = await command("copy", rig.at("staging:1"), rig.at("app:1"), dry_run=True, json=True)
    assert (status, json.loads(out)["digest"], rig.holds("app", "1")) == (0, new, old)
    assert (await command("copy", rig.at("staging:1"), rig.at("app:1")))[:2] == (0, f"{new}\n")
    assert rig.holds("app", "1") == new

    assert (await command("tag", rig.at("app:1"), "2", dry_run=True))[0] == 0
    assert rig.holds("app", "2") is None
    assert (await command("tag", rig.at("app:1"), "2"))[:2] == (0, f"{new}\n")
    assert rig.holds("app", "2") == new

    status, out, _ = await command("undo", rig.at("app:1"), json=True)
    assert (status, json.loads(out)["digest"], rig.holds("app", "1")) == (0, old, old)

    status, out, _ = await command("delete", rig.at("app:2"), dry_run=True)
    assert status == 0 and "delete the tag" in out and rig.holds("app", "2") == new
    assert (await command("delete", rig.at("app:2")))[:2] == (0, "")
    assert rig.holds("app", "2") is None
    assert (await command("undo", rig.at("app:2")))[0] == 0
    assert rig.holds("app", "2") == new
    status, out, _ = await command("delete", rig.at("app:2"), json=True)
    assert (status, json.loads(out)["outcome"], json.loads(out)["digest"]) == (0, "deleted", None)


async def test_what_is_not_there_is_refused_with_status_1(rig: Rig, command: Command) -> None:
    rig.put("app", make("a", "linux/amd64"), "1")
    for name, *words in (
        ("copy", rig.at("app:nope"), rig.at("app:2")),
        ("tag", rig.at("app:nope"), "2"),
        ("delete", rig.at("app:nope")),
        ("undo", rig.at("app:1")),
    ):
        status, out, err = await command(name, *words, json=True)
        assert (status, json.loads(out)["outcome"]) == (1, "refused"), name
        assert err and "Traceback" not in err
    assert not rig.asked("PUT") and not rig.asked("DELETE")


async def test_a_bad_tag_is_wrong_usage(rig: Rig, command: Command) -> None:
    rig.put("app", make("a", "linux/amd64"), "1")
    assert (await command("tag", rig.at("app:1"), "-x"))[0] == 2
    assert (await command("copy", rig.at("app:1"), rig.at("app@sha256:" + 64 * "0")))[0] == 2
