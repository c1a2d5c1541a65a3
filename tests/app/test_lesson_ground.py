"""What a newcomer stumbled over: steps that ticked by themselves, trees that stayed open, pages of another row."""

from __future__ import annotations

from collections.abc import Sequence

from tests.app.mend_stage import MendStage, served
from tests.app.test_lessons import lesson, session_of, step
from tui.explore.findings import Finding
from tui.explore.node import Kind, Node


def row(stage: MendStage, repository: str, label: str) -> Node:
    found = (each for each in stage.house.explorer.roots[0].walk() if each.repository == repository)
    return next(each for each in found if each.label == label)


async def test_moving_over_the_config_is_not_looking_at_it() -> None:
    with served() as registry:
        async with lesson(registry, "1") as stage:
            for _ in range(2):
                await stage.press("e")
                await stage.pilot.pause()
            await step(stage, 3)
            # From the platform to its layer the cursor passes the config: that step has not been read yet.
            await stage.press("down", "down")
            await step(stage, 4)
            assert stage.house.current is not None and stage.house.current.kind is Kind.LAYER
            await stage.press("up")
            await step(stage, 5)


async def test_start_over_closes_the_tree_and_goes_to_the_first_repository() -> None:
    with served() as registry:
        async with lesson(registry, "2") as stage:
            await stage.press("e")
            await step(stage, 2)
            await stage.press("z")
            await stage.screen("Confirm")
            await stage.press("y")
            await step(stage, 1)
            await stage.until(lambda: stage.house.current is not None and stage.house.current.label == "sandbox")
            home = row(stage, "sandbox", "sandbox")
            assert not stage.house.images.is_open(home)
            # And the step can be done again, by opening what was open before.
            await stage.press("l")
            await stage.until(lambda: stage.house.images.is_open(home))
            await stage.house.highlight(row(stage, "sandbox", "0.16-edge"))
            await stage.press("l")
            await step(stage, 2)


async def test_a_finding_has_to_be_looked_at() -> None:
    with served() as registry:
        async with lesson(registry, "3", size=(80, 24)) as stage:
            await stage.at("dockerfun:6b972be0")
            await stage.press("l", "x")
            await step(stage, 3)
            await stage.at("dockerfun/amd64:6b972be0")
            await stage.press("l", "x")
            await step(stage, 4)
            await stage.at("dockerfun:6b972be0")
            await stage.until(lambda: "not-in-this-repository" in {found.code for found in found_at(stage)})
            assert session_of(stage).run.current == 3
            # The detail pane was away: it comes with the page of the row that the cursor is on.
            await stage.press("2")
            await stage.until(lambda: "6b972be0" in stage.text)
            assert session_of(stage).run.current == 3
            await stage.press("left_square_bracket", "left_square_bracket")
            await step(stage, 5)
            assert "missing-blob" in stage.text


def found_at(stage: MendStage) -> Sequence[Finding]:
    node = stage.house.current
    assert node is not None
    return stage.house.judge.findings(node, stage.house.explorer)


async def test_copying_twice_leaves_one_notice() -> None:
    with served() as registry:
        async with lesson(registry, "1") as stage:
            await stage.at("library/hello:latest")
            await stage.press("c")
            await stage.until(lambda: len(stage.copied) == 1)
            await stage.press("c")
            await stage.until(lambda: len(stage.copied) == 2)
            await stage.pilot.pause()
            assert len(stage.app._notifications) == 1
