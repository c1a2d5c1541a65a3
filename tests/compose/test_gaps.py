"""The draft of a list says what was seen to be missing below it, and claims nothing about what was not looked at."""

from __future__ import annotations

from pathlib import Path

from tui.app.pages.draft import notices
from tui.compose.journal import Journal
from tui.compose.service import DraftService
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.oci.reference import Reference
from tui.registry.client import Client
from tui.sources.registry import RegistrySource


async def test_a_draft_over_a_hole_names_it(tmp_path: Path) -> None:
    with Served.start(build_gallery()) as served:
        client = Client()
        inspector = Inspector(client)
        explorer = Explorer(inspector)
        service = DraftService(inspector, journal=Journal(tmp_path / "journal"))
        node = await explorer.add_reference(RegistrySource(client, served.address), "gallery/missing-layer", "latest")
        await explorer.open(node)
        target = Reference.parse(f"{served.address}/gallery/missing-layer:latest")
        draft = await service.amend(node, target)
        assert service.known_gaps(draft) == ()
        said = notices(draft, service.known_gaps(draft), (), lambda action: action)
        assert "✓" not in said[0].plain and "is valid" in said[0].plain, "nothing was looked at below"
        await explorer.check(node).wait()
        [gap] = service.known_gaps(draft)
        assert gap.code == "missing-object"
        assert gap.text.startswith("linux/arm64: 1 layer is missing in ")
        assert not gap.stops, "the plan may find it elsewhere"
        said = notices(draft, (gap,), (), lambda action: action)
        assert "is valid" not in "".join(line.plain for line in said)
        await explorer.aclose()
        await client.aclose()
