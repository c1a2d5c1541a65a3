"""Problems only: what is well is hidden, and the reader never loses the place."""

from __future__ import annotations

import pytest

from tests.app.stage import staged
from tests.support.fake_source import FakeSource
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Presence

pytestmark = pytest.mark.slow


async def test_problems_only_hides_what_is_well() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/amd64")
        await stage.go("app", "2.0")
        await stage.press("x")
        await stage.until(
            lambda: not stage.main.explorer.running() and "cannot" in stage.main.status.verdict_line().plain
        )
        await stage.press("exclamation_mark")
        await stage.until(lambda: "problems only" in stage.screen())
        labels = [row.label for row in stage.main.images.visible_nodes()]
        assert "2.0" in labels and "1.0" not in labels and "tool" not in labels
        await stage.press("exclamation_mark")
        await stage.until(lambda: "tool" in [row.label for row in stage.main.images.visible_nodes()])
        assert stage.node.label == "2.0"


async def test_problems_only_keeps_the_tree_where_nothing_is_known_to_be_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    async def denied(self: FakeSource, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        asked.append(digest)
        raise SourceError(Presence.DENIED, "You may not.", status=403)

    monkeypatch.setattr(FakeSource, "referrers", denied)
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.press("x")
        await stage.until(lambda: asked and not stage.main.explorer.running())
        await stage.quiet()
        await stage.press("exclamation_mark")
        await stage.until(lambda: "No problems known" in stage.screen())
        assert stage.node.label == "1.0" and not stage.main.checking.problems_only
        assert "tool" in [row.label for row in stage.main.images.visible_nodes()]
