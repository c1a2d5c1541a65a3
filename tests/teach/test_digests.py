"""The four digests: real ones, side by side, each whole."""

from __future__ import annotations

from tests.teach.conftest import Stand
from tui.explore.node import Kind
from tui.teach.digests import four_digests


async def test_the_four_of_a_multi_platform_tag(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    arm64 = next(node for node in tag.children if node.platform is not None and node.platform.architecture == "arm64")
    found = four_digests(next(node for node in arm64.children if node.kind is Kind.LAYER))
    name, index, platform, config = found.rows
    assert found.platform == "linux/arm64"
    assert name.value == f"{stand.served.address}/library/hello:latest"
    assert index.value == str(tag.digest)
    assert platform.value == str(arm64.digest)
    assert arm64.image_manifest is not None and arm64.image_manifest.config is not None
    assert config.value == str(arm64.image_manifest.config.digest)
    assert len({row.value for row in found.rows}) == 4
    assert all(row.printed_by and row.value for row in found.rows)
    assert "--platform linux/arm64" in " ".join(platform.printed_by)


async def test_on_the_tag_the_first_platform_stands_for_all(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    found = four_digests(tag)
    assert found.platform == "linux/amd64"
    assert all(row.value for row in found.rows)


async def test_a_tag_that_is_one_image_has_no_index_digest(stand: Stand) -> None:
    tag = await stand.open_all("sandbox:0.16-edge-amd64")
    name, index, platform, config = four_digests(tag).rows
    assert name.value.endswith("sandbox:0.16-edge-amd64")
    assert index.value == "" and "no index" in index.what
    assert platform.value == str(tag.digest)
    assert config.value.startswith("sha256:")


async def test_an_image_opened_by_its_digest_has_no_tag(stand: Stand) -> None:
    tag = await stand.open("library/hello:latest")
    by_digest = await stand.explorer.add_reference(stand.source, "library/hello", str(tag.digest))
    name, index, platform, _config = four_digests(by_digest).rows
    assert name.value == "" and "no tag" in name.what
    assert index.value == str(tag.digest)
    assert platform.value.startswith("sha256:") and platform.value != index.value


async def test_before_anything_is_read_it_says_what_to_do(stand: Stand) -> None:
    node = stand.explorer.add_selector(stand.source, "library/hello", "1.0")
    _name, index, platform, config = four_digests(node).rows
    assert index.value == "" and index.what == "The tag is not loaded: open its row."
    assert "open" in platform.what and "open" in config.what
