"""How all objects below a row stand is remembered, and yet never another than what a walk over all rows finds."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.explore.checking import checked, none_is_passed_over
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore import tree
from tui.explore.explorer import Explorer
from tui.explore.findings import findings
from tui.explore.findings_cache import FindingsCache
from tui.explore.node import Node
from tui.explore.objects import is_complete
from tui.explore.observations import ObservationStore
from tui.explore.standing import standings
from tui.explore.tree import key_of, observe
from tui.explore.verdict import verdict
from tui.sources.presence import Observation, Presence

PLATFORMS, LAYERS = 12, 20


def wide() -> FakeSource:
    """An index of `PLATFORMS` images of `LAYERS` layers each, the first of which all share."""
    source = FakeSource()
    shared = images.layer("shared", "shared")
    each = [
        images.image(
            f"linux/machine{number}",
            layers=(shared, *(images.layer(f"{number}.{place}", f"{number}.{place}") for place in range(1, LAYERS))),
        )
        for number in range(PLATFORMS)
    ]
    source.put("app", images.index(*each, images.attestation(each[0])), "1")
    return source


def agree(explorer: Explorer, node: Node) -> None:
    """What is remembered is what is found without."""
    known = explorer.observations
    fresh = standings(lambda row: observe(row, known))
    for row in node.walk():
        if row.children:
            assert explorer.tree.standing(row) == fresh(row), row
    assert explorer.tree.standing(node).whole == is_complete(node, known)
    none_is_passed_over(explorer, node)
    found = findings(node, known)
    assert findings(node, known, explorer.tree.standing) == found
    kept = verdict(node, found, known, pulls=explorer.tree.pull, known=explorer.tree.standing)
    assert kept == verdict(node, found, known)


def answers(draw: random.Random, size: int) -> Observation:
    """Any answer there is; of what is there also with another size than was promised."""
    presence = draw.choice([*Presence])
    detail = "404 BLOB_UNKNOWN" if presence is Presence.MISSING else ""
    there = presence.is_there
    return Observation(presence, detail, size=draw.choice([size, size, size + 1]) if there else None)


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_answer_it_is_what_a_walk_finds(seed: int) -> None:
    draw = random.Random(seed)
    explorer, node, _ = await checked(wide())
    agree(explorer, node)
    rows = [row for row in node.walk() if key_of(row) is not None]
    for _ in range(25):
        for row in draw.sample(rows, 3):
            key = key_of(row)
            assert key is not None
            if draw.random() < 0.2:
                explorer.observations.forget([key])
            else:
                explorer.observations.put(*key, answers(draw, row.size or 0))
        agree(explorer, node)


async def test_while_rows_come_it_is_what_a_walk_finds() -> None:
    explorer = Explorer()
    node = explorer.add_selector(wide(), "app", "1")
    stop = explorer.subscribe(lambda event: agree(explorer, node) if draw.random() < 0.05 else None)
    draw = random.Random(1)
    await explorer.check(node).wait()
    stop()
    agree(explorer, node)
    assert explorer.tree.standing(node).whole


async def test_an_answer_costs_a_look_at_its_image_only(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer, node, _ = await checked(wide())
    judge = FindingsCache(lambda: None, patient=False)
    looked = 0

    def counted(row: Node, observations: ObservationStore) -> Observation:
        nonlocal looked
        looked += 1
        return observe(row, observations)

    for place in ("findings", "verdict", "objects"):
        monkeypatch.setattr(f"tui.explore.{place}.observe", counted)
    monkeypatch.setattr(tree, "observe", counted)
    assert judge.verdict(node, explorer).complete
    layer = node.children[3].children[5]
    key = key_of(layer)
    assert key is not None
    looked = 0
    explorer.observations.put(*key, replace(explorer.observation(layer), presence=Presence.MISSING, detail="404"))
    judge.forget()
    assert not judge.verdict(node, explorer).complete
    # Its image is looked at to sum it up, for what findings say of it and for why it cannot be pulled. All images
    # together were looked at four times: over a thousand looks.
    assert LAYERS < looked <= 5 * LAYERS, looked


def test_another_size_of_what_is_there_is_told() -> None:
    source, store = FakeSource(), ObservationStore()
    digest = images.layer("a", "b").digest
    told: list[object] = []
    store.listen(told.append)
    for size in (None, 3, 3, 4):
        store.put(source, "app", digest, Observation(Presence.PRESENT, size=size))
    assert len(told) == 3
