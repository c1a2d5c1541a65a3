"""Every sample shows its fault when it is checked, by its finding's code, and names exactly what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.demo.test_gallery import everything_below
from tests.support.commands import check
from tui.config import Settings
from tui.demo.gallery import GALLERY, Sample, build_gallery
from tui.demo.serve import Served
from tui.engine import open_engine

NOT_ASKED = {"denied", "limited", "too-deep"}
REFERENCES = [(sample, reference) for sample in GALLERY for reference in sample.references]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served
    assert not served.store.errors, "\n".join(served.store.errors)


async def checked(served: Served, *references: str) -> tuple[int, list[dict[str, Any]], list[str]]:
    """Exit status, reports, and the requests as "METHOD path", of one `fanfold check --json`."""
    engine = open_engine(Settings())
    lines: list[str] = []
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("builtins.print", lambda text="", **_: lines.append(text))
            status = await check(engine, [f"{served.address}/{reference}" for reference in references], (), "json")
        asked = [f"{exchange.method} {exchange.path}" for exchange in engine.trace.exchanges]
    finally:
        await engine.aclose()
    found = json.loads("".join(lines))
    return status, found if isinstance(found, list) else [found], asked


@pytest.mark.parametrize(("sample", "reference"), REFERENCES, ids=[reference for _, reference in REFERENCES])
async def test_a_sample_shows_its_fault(served: Served, sample: Sample, reference: str) -> None:
    status, (report,), _ = await checked(served, reference)
    codes = {finding["code"] for finding in report["findings"]}
    assert set(sample.codes) <= codes <= {*sample.codes, *sample.also}, report["verdict"]

    undetermined = bool(NOT_ASKED & set(sample.codes))
    broken = any(finding["severity"] == "error" for finding in report["findings"])
    assert status == (3 if undetermined else 1 if broken or not report["complete"] else 0)
    assert report["complete"] is (status == 0)

    if not undetermined:
        store, name = served.store, sample.repository
        manifests, blobs = everything_below(store, name, report["digest"])
        gone = manifests - set(store.repositories[name].manifests)
        gone |= {digest for digest in blobs if not store.has_blob(name, digest)}
        said = {one["digest"] for one in report["objects"] if one["presence"] in {"missing", "foreign"}}
        assert said == gone


async def test_a_limited_repository_does_not_hold_up_the_others(served: Served) -> None:
    status, (limited, hello), _ = await checked(served, "gallery/limited:latest", "library/hello:latest")
    assert status == 3
    assert limited["counts"]["limited"] > 0
    assert (hello["complete"], hello["counts"]["limited"]) == (True, 0)


async def test_a_healthy_image_is_checked_without_asking_anything_twice(served: Served) -> None:
    _, (report,), asked = await checked(served, "library/hello:latest")
    assert sorted(set(asked)) == sorted(asked)
    blobs = {one["digest"] for one in report["objects"] if one["kind"] in {"config", "layer", "statement"}}
    assert len([one for one in asked if "/blobs/" in one]) == len(blobs)
    assert report["requests"] == len(asked)
