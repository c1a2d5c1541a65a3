"""Indexes of indexes with repeated children: a few objects that endless paths lead to. What is written, planned or
rehearsed of them takes seconds, or a clear sentence says which limit was hit."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.copy import plan_copy
from tui.compose.edit import begin_new
from tui.compose.plan import Plan
from tui.compose.service import DraftService
from tui.demo.images import index, put_image, put_index
from tui.demo.store import Store
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.oci.platform import Platform
from tui.sources.registry import RegistrySource
from tui.teach.rehearsal import Rehearsal

LEVELS, WIDTH = 12, 10
PLATFORMS = [
    f"linux/{name}" for name in ("amd64", "arm64", "386", "ppc64le", "s390x", "riscv64", "mips64le", "loong64")
]


def lattice(store: Store, name: str, *, levels: int, same: bool, named: bool) -> None:
    """`levels` of indexes, each of `WIDTH` entries: all the same child, or each of the level below; with platforms of
    their own where they are `named`."""
    one = make("leaf", "linux/amd64")
    put_image(store, name, one)
    below = [one.entry()]
    for level in range(levels):
        made = []
        for number in range(1 if same else WIDTH):
            entries = [dict(below[place % len(below)]) for place in range(WIDTH)]
            for place, entry in enumerate(entries):
                entry["annotations"] = {"level": f"{level}.{number}.{place}"}
                if named:
                    entry["platform"] = Platform.parse(PLATFORMS[place % len(PLATFORMS)]).to_document()
            each = index(entries)
            put_index(store, name, each)
            made.append(each.descriptor())
        below = made
    put_index(store, name, index(below * (WIDTH if same else 1)), ("1",))


SHAPES = [
    pytest.param({"same": True, "named": False}, id="one child ten times"),
    pytest.param({"same": False, "named": False}, id="ten children each"),
    pytest.param({"same": False, "named": True}, id="ten children with platforms"),
]


@pytest.fixture
def seconds() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < 20.0


async def row(rig: Rig, name: str) -> tuple[Explorer, Node]:
    explorer = Explorer(rig.inspector)
    node = await explorer.add_reference(RegistrySource(rig.client, rig.registry), name, "1")
    await explorer.open(node)
    return explorer, node


@pytest.mark.parametrize("levels", [6, LEVELS])
@pytest.mark.parametrize("shape", SHAPES)
async def test_recreate_copy_and_fix(rig: Rig, shape: dict[str, bool], levels: int, seconds: None) -> None:
    name = f"lattice{levels}{'-'.join(key for key, on in shape.items() if on)}"
    rig.change(lambda store: lattice(store, name, levels=levels, **shape))
    service = DraftService(rig.inspector, journal=rig.journal)
    _, node = await row(rig, name)
    draft = await service.recreate(node, lambda _text: None)
    plans: list[Plan] = [
        await service.plan(draft),
        await service.plan_fix([rig.ref(f"{name}:1")], lambda _text: None),
        await service.plan_copy(rig.at(f"{name}:1"), rig.ref(f"{name}-copy:1"), False, lambda _text: None),
    ]
    for plan in plans:
        told = " ".join(problem.message for problem in plan.problems)
        assert ("too deep or too many objects" in told) is (levels > 8), told
        assert len(plan.objects) < 400


@pytest.mark.parametrize("shape", SHAPES)
async def test_create_of_one(rig: Rig, shape: dict[str, bool], seconds: None) -> None:
    name = f"create{'-'.join(key for key, on in shape.items() if on)}"
    rig.change(lambda store: lattice(store, name, levels=LEVELS, **shape))
    draft, failed = await begin_new(rig.inspector, rig.ref(f"{name}:new"), [rig.at(f"{name}:1")])
    if shape["same"]:  # twelve indexes, each ten times in the one above it
        assert len(draft.entries) == 1 and not failed
        assert [note.rpartition(": ")[2] for note in draft.messages] == [
            "unwrapped 12 indexes inside the index.",
            f"{LEVELS * (WIDTH - 1)} duplicate indexes left out.",
        ]
        return
    assert not draft.entries and len(failed) == 1
    assert "nests more than 64 indexes" in failed[0].sentence


@pytest.mark.parametrize("shape", SHAPES)
async def test_rehearsal(rig: Rig, shape: dict[str, bool], seconds: None) -> None:
    name = f"rehearsal{'-'.join(key for key, on in shape.items() if on)}"
    rig.change(lambda store: lattice(store, name, levels=LEVELS, **shape))
    explorer, node = await row(rig, name)
    rehearsal = Rehearsal(explorer, node, Platform.parse("linux/amd64"))
    while await rehearsal.next() is not None:
        pass
    steps = rehearsal.steps
    assert len(steps) < 30
    assert steps[-1].stopped and steps[-1].answer == "The indexes are nested too deep."


@pytest.mark.parametrize("deep_first", [True, False])
async def test_a_short_path_counts_whatever_leads_there_first(rig: Rig, deep_first: bool) -> None:
    """A chain of ten indexes, and beside it, in the same list, what its end names: eight levels are followed from each
    place, so that all of it is reached."""
    leaf = make("leaf", "linux/amd64")

    def build(store: Store) -> None:
        put_image(store, "elsewhere", leaf)
        below = leaf.entry()
        chain = []
        for level in range(10):
            each = index([{**below, "annotations": {"level": str(level)}}])
            put_index(store, "elsewhere", each)
            below = each.descriptor()
            chain.append(below)
        entries = [chain[9], chain[4]]
        put_index(store, "elsewhere", index(entries if deep_first else entries[::-1]), ("1",))

    rig.change(build)
    plan = await plan_copy(rig.inspector, rig.at("elsewhere:1"), rig.ref("app:1"))
    assert plan.ready, plan.problems
    assert {leaf.manifest.digest, *(each.digest for each in leaf.layers)} <= {each.digest for each in plan.objects}
    assert (await rig.push(plan).run()).ok
