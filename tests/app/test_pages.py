"""What pages say, without a screen: the same rows and observations that the screen makes them from."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.app.stage import Images, furnished
from tests.support.fake_source import FakeSource
from tests.support.images import image, index
from tui.app.keys import Keys
from tui.app.pages.config import config
from tui.app.pages.diff import diff_page
from tui.app.pages.explain import explain as explain_page
from tui.app.pages.findings import findings as findings_page
from tui.app.pages.layers import layers
from tui.app.pages.parts import Scene, pairs, presence_line
from tui.app.pages.picture import about
from tui.app.pages.summary import summary
from tui.app.pages.tags import TagsPage
from tui.app.styled_text import Page, wrap
from tui.explore.cells import glyphs, tree_rows
from tui.explore.diff import diff
from tui.explore.explorer import Explorer
from tui.explore.findings import findings
from tui.explore.inspector import FROM_DISK
from tui.explore.matrix import LiveMatrix
from tui.explore.node import Node
from tui.explore.objects import image_size
from tui.formats.paint import painted
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import CHECKING, Observation, Presence
from tui.teach.explain import explain
from tui.teach.explanation import bytes_of
from tui.text import size, width


@dataclass
class Reader:
    """Somebody who opens rows of the source that the tests of the screen have, too."""

    explorer: Explorer
    root: Node
    images: Images

    async def go(self, *labels: str) -> Node:
        """Open rows by their labels, from a repository down; gives the last one, opened."""
        node = self.root
        for label in labels:
            await self.explorer.open(node)
            node = next(row for row in node.children if row.label == label)
        await self.explorer.open(node)
        return node

    def scene(self, node: Node) -> Scene:
        found = tuple(findings(node, self.explorer.observations))
        return Scene(node, self.explorer, glyphs(False), 100, Keys(), found)


@asynccontextmanager
async def reading(source: FakeSource | None = None) -> AsyncIterator[Reader]:
    explorer, images = Explorer(), Images()
    root = explorer.add_source(source or furnished(FakeSource(), images))
    yield Reader(explorer, root, images)
    await explorer.aclose()


def text(lines: Page) -> str:
    return "\n".join(lines.plain(number) for number in range(len(lines)))


async def test_explain_tells_at_length_what_is_wrong_here() -> None:
    async with reading() as reader:
        node = await reader.go("app", "2.0", "linux/arm64")
        await reader.explorer.check(node).wait()
        page = text(explain_page(reader.scene(node), explain(node, reader.explorer)))
        assert "(missing-blob, error)" in page
        assert str(reader.images.broken.blobs[2].digest) in page, "the object itself, whole"
        assert "What to do" in page and "distribution-spec" in page


async def test_config_shows_how_it_runs() -> None:
    async with reading() as reader:
        await reader.explorer.read_config(await reader.go("app", "1.0", "linux/amd64"))
        page = text(config(reader.scene(await reader.go("app", "1.0", "linux/amd64", "config"))))
        assert '["/bin/sh"]' in page
        assert "RUN step 2" in page and "linux/amd64" in page


async def test_findings_name_the_fix_and_the_key() -> None:
    async with reading() as reader:
        node = await reader.go("app", "2.0")
        await reader.explorer.open(node)
        unasked = reader.explorer.check_unasked(node)
        assert unasked is not None
        await unasked.wait()
        page = text(findings_page(reader.scene(node)))
        assert "missing-blob" in page
        assert str(reader.images.broken.blobs[2].digest) in page
        assert "F Search other places" in page
        model = LiveMatrix(node, reader.explorer)
        model.update()
        lacking = model.row(next(row for row in node.children if row.label == "linux/arm64"))
        cell = next(cell for cell in lacking.cells if cell.presence is Presence.MISSING)
        below = [line.plain for line in about(cell, lacking, reader.scene(node))]
        assert below[-1].startswith("→ F Search other places"), "the same below the matrix"
        await reader.explorer.check(node).wait()
        page = text(findings_page(reader.scene(node)))
        assert "F Not found" not in page and "Not found in 4 other places" in page


def test_annotations_are_broken_between_words() -> None:
    title, url = "Says hello, on five platforms and more", "https://example.com/" + "x" * 60
    lines = pairs("Annotations", [("org.opencontainers.image.title", title), ("url", url)])
    text = lines[2].plain
    starts = [*wrap(text, 48, hang=lines[2].hang, fold=lines[2].fold), len(text)]
    folded = [text[start:end] for start, end in pairwise(starts)]
    assert all(row.endswith(" ") for row in folded[:-1]) and len(folded) == 2
    text = lines[3].plain
    assert len(wrap(text, 48, hang=lines[3].hang, fold=lines[3].fold)) > 1, "what has no blanks is folded anywhere"


async def test_an_image_has_one_size_wherever_it_is_told() -> None:
    async with reading() as reader:
        node = await reader.go("app", "1.0", "linux/amd64")
        manifest = node.image_manifest
        assert manifest is not None and manifest.config is not None
        assert image_size(manifest) == manifest.config.size + sum(each.size for each in manifest.layers)
        told = size(image_size(manifest))
        assert told in painted(next(tree_rows(reader.explorer, node)), colour=False)
        scene = reader.scene(node)
        assert f"{told} in config and 2 layers (manifest " in text(summary(scene))
        assert f"{told} in config and 2 layers" in text(layers(scene))
        words = f"one config and 2 layers, {bytes_of(image_size(manifest))} together"
        assert words in " ".join(explain(node, reader.explorer).paragraphs)


async def test_the_kind_of_an_index_is_told_once() -> None:
    async with reading() as reader:
        node = await reader.go("app", "2.0")
        await reader.explorer.check(node).wait()
        page = text(summary(reader.scene(node)))
        assert "image index (OCI)" in page and "note" not in page


OLD = timedelta(minutes=12)


def grow_old(reader: Reader, *digests: Digest) -> None:
    """As if what is known of these objects had been asked twelve minutes ago."""
    store = reader.explorer.observations
    for source, repository, digest in list(store.keys()):
        known = store.get(source, repository, digest)
        if digest in digests and known.presence.settled:
            store.put(source, repository, digest, CHECKING)
            store.put(source, repository, digest, replace(known, at=known.at - OLD))


async def test_the_age_of_an_answer_is_told_beside_it_on_every_tab() -> None:
    async with reading() as reader:
        node = await reader.go("app", "2.0", "linux/arm64")
        await reader.explorer.check(node).wait()
        pages = (summary, layers, findings_page)
        fresh = "".join(text(page(reader.scene(node))) for page in pages)
        assert "asked" not in fresh and "oldest" not in fresh
        gone, there = reader.images.broken.blobs[2].digest, reader.images.broken.blobs[1].digest
        grow_old(reader, gone)
        told = text(layers(reader.scene(node)))
        assert told.count("asked 12 minutes ago") == 1
        place = told.index("asked 12 minutes ago")
        assert told.index(str(there)) < told.index(str(gone)) < place
        assert "asked 12 minutes ago" in text(findings_page(reader.scene(node)))
        assert "oldest answer 12 minutes ago" in text(summary(reader.scene(node)))
        blob = next(row for row in node.children if row.digest == gone)
        # That it was asked twice, and when, is said once.
        told = text(summary(reader.scene(blob)))
        assert "missing" in told and "asked twice, 12 minutes ago" in told and told.count("asked") == 1


async def test_layers_of_an_index_tell_their_presence_and_its_age() -> None:
    async with reading() as reader:
        node = await reader.go("app", "2.0")
        await reader.explorer.check(node).wait()
        gone = reader.images.broken.blobs[2].digest
        told = text(layers(reader.scene(node)))
        steps = told[told.index("Layers of linux/arm64") : told.index("Digests")]
        assert steps.count("✗") == 1 and str(gone) in told and "ago" not in told
        grow_old(reader, gone)
        assert text(layers(reader.scene(node))).count("asked 12 minutes ago") == 1


async def test_the_lines_of_a_tag_s_table_are_made_when_they_are_drawn() -> None:
    async with reading() as reader:
        node = await reader.go("many")
        page = summary(reader.scene(node))
        assert isinstance(page, TagsPage)
        assert len(page.unfolded) == 1000 and len(page.links()) > 999
        assert not page._made and page == summary(reader.scene(node))
        assert page.line(page.unfolded[3]).plain.split() == ["v3"]
        assert len(page._made) == 1


async def test_a_table_of_tags_tells_age_size_platforms_and_health() -> None:
    async with reading() as reader:
        node = await reader.go("app")
        assert "not checked" not in text(summary(reader.scene(node))), "before a check there is no strip"
        await reader.explorer.check(node).wait()
        wide = text(summary(reader.scene(node))).splitlines()
        assert wide[1] == "██▓  2 whole, 1 broken"
        assert "3 tags  newest first   W worst first" in wide
        row = next(line for line in wide if line.startswith("2.0"))
        assert re.fullmatch(r"2\.0 +1970 +[\d.]+ k?B +✓ +✗ *", row)
        narrow = text(summary(replace(reader.scene(node), width=34))).splitlines()
        assert all(len(line) <= 34 for line in narrow if line.startswith(("1.0", "2.0", "single", "3 tags", "██")))
        assert any(line.startswith("2.0") and "✓✗" in line and "arm64" in line for line in narrow)


async def test_a_platform_with_a_long_name_takes_the_heads_of_the_others_from_no_table() -> None:
    source = FakeSource()
    source.put("app", index(image("linux/amd64", seed="1"), image("linux/arm64", seed="1")), "1.0")
    source.put("app", index(image("linux/amd64", seed="2"), image("o" * 99 + "/" + "b" * 99, seed="2")), "1.1")
    async with reading(source) as reader:
        node = await reader.go("app")
        await reader.explorer.check(node).wait()
        told = text(summary(replace(reader.scene(node), width=76))).splitlines()
        head = next(line for line in told if line.startswith("tag "))
        assert head.split()[3:5] == ["amd64", "arm64"] and head.split()[5].startswith("ooo") and len(head) <= 76
        row = next(line for line in told if line.startswith("1.1"))
        assert row.index("✓", head.index("amd64")) < head.index("arm64") and "✓" in row[head.index("ooo") :]


@pytest.mark.parametrize("room", [60, 69, 103])
async def test_a_diff_shows_layers_side_by_side_and_whole_digests_one_below_the_other(room: int) -> None:
    async with reading() as reader:
        one, other = await reader.go("app", "1.0", "linux/arm64"), await reader.go("app", "2.0", "linux/arm64")
        page = diff_page(one, other, diff(one, other), room)
        lines = [page.line(number) for number in range(len(page))]
        layers = [line for line in lines if line.plain[2:7] == "layer"]
        assert [line.plain.count("layer") for line in layers] == [2, 2]
        assert all(width(line.plain) <= room for line in layers)
        assert all({"removed", "added"} <= {role for _, _, role in line.spans} for line in layers)
        assert {link.target.what for line in layers for link in line.links} == {"digest"}
        assert "0 kept" not in text(page) and "2 dropped" in text(page) and "2 added" in text(page)
        assert f"- {one.digest}" in text(page) and f"+ {other.digest}" in text(page)


@pytest.mark.parametrize("presence", [Presence.MISSING, Presence.DENIED])
async def test_why_a_row_could_not_be_read_is_told_once(presence: Presence) -> None:
    source = furnished(FakeSource(), Images())
    source.script["2.0"] = SourceError(presence, "Not read: 2.0.", fix="Log in.")
    async with reading(source) as reader:
        node = await reader.go("app", "2.0")
        scene = reader.scene(node)
        page = text(summary(scene))
        (finding,) = scene.findings
        sign = glyphs(False).of(presence)
        if presence is Presence.MISSING:
            assert f"\n{sign} {finding.message}\n  {finding.fix}" in page, "what the finding says is about the tag"
        else:
            assert f"\n{sign} Not read: 2.0.\n  Log in." in page, "the error says more"
        assert page.count("\n✗ ") + page.count("\n! ") + page.count(f"\n{sign} ") <= 2
        assert page.count("Not read: 2.0.") == 2, "in the line on presence, and here"


async def test_nothing_is_to_be_loaded_of_what_is_missing() -> None:
    async with reading() as reader:
        tag = next(row for row in (await reader.go("app")).children if row.label == "2.0")
        assert "Enter loads the contents." in text(summary(reader.scene(tag)))
        tag.error = SourceError(Presence.MISSING, "Not found: the manifest 2.0 of app.")  # of what was in sight
        assert "loads the contents" not in text(summary(reader.scene(tag)))


def test_what_came_from_the_disk_is_called_present_once() -> None:
    line = presence_line(Observation(Presence.PRESENT, detail=FROM_DISK), glyphs(False)).plain
    assert re.findall(r"\bpresent\b", line) == ["present"] and "cache on disk" in line
