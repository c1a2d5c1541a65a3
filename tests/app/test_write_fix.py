"""`F`: the plan of what is missing, `y`, and the check after it, on the screen."""

from __future__ import annotations

import pytest

from tests.app.draft_stage import fixing
from tests.compose.fixtures import make
from tests.support.gallery import served
from tui.compose.events import Outcome
from tui.config import Settings
from tui.demo.images import index, put_image, put_index
from tui.demo.store import Store

pytestmark = pytest.mark.slow


def broken(store: Store) -> None:
    images = [make("fixed", f"linux/{name}") for name in ("amd64", "arm64")]
    for one in images:
        put_image(store, "broken", one)
    put_index(store, "broken", index([one.entry() for one in images]), ("1",))
    put_image(store, "far/away", images[1], ("1",))
    store.delete_blob("broken", images[1].layers[1].digest)


async def test_one_key_brings_a_layer_back_and_the_digest_stays() -> None:
    with served() as registry:
        registry.call(broken)
        settings = Settings(keys={"plan-catalog": "f9"})
        async with fixing(registry, sources=(f"{registry.address}/broken:1",), settings=settings) as stage:
            before = stage.holds("broken", "1")
            await stage.at("broken:1")
            await stage.press("F")
            await stage.planned()
            assert stage.plan.state == "nothing found"
            assert "f9 searches every repository that" in stage.text and "f9 search the catalog" in stage.shown()
            await stage.press("f9")
            await stage.until(lambda: "far/away" in stage.text, "what the catalog has")
            await stage.planned()
            assert "No digest changes and no tag moves" in stage.text
            await stage.press("y")
            await stage.ended()
            assert (stage.result.outcome, stage.result.ok) == (Outcome.PUSHED, True)
            assert "Restored 1 object" in stage.text
            assert stage.holds("broken", "1") == before
            await stage.press("escape")
            main = stage.main
            await stage.until(lambda: "can be pulled on both" in main.status.verdict_line().plain)
