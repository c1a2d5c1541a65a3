"""Which places on disks are open to somebody who is not at this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.explore.inspector import Inspector
from tui.sources.base import SourceError
from tui.sources.disks import Disks
from tui.sources.location import RepositoryLocation
from tui.sources.spec import parse_source


def test_all_are_open_until_some_are_named(tmp_path: Path) -> None:
    disks = Disks()
    disks.check(parse_source(f"oci:{tmp_path}"))
    disks.keep_to([parse_source(f"oci:{tmp_path}")])
    disks.check(parse_source(f"oci:{tmp_path}"))
    disks.check(parse_source("ghcr.io/a/b"))
    closed = ["oci:/etc", f"storage:{tmp_path}", "docker-manifests:", "docker-archive:/etc/passwd", f"oci:{tmp_path}/x"]
    for other in closed:
        with pytest.raises(SourceError, match="closed") as refused:
            disks.check(parse_source(other))
        assert "fanfold serve" in refused.value.fix


def test_a_folder_of_our_own_is_open_and_none_beside_it(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "out").symlink_to("/etc")
    disks = Disks()
    disks.keep_to([])
    disks.allow_below(own)
    disks.check(parse_source(f"storage:{own}/registry-1"))
    for other in (f"storage:{tmp_path}/own-not", f"storage:{own}/../else", f"storage:{own}/out"):
        with pytest.raises(SourceError):
            disks.check(parse_source(other))


async def test_the_inspector_opens_no_closed_one_by_any_way(tmp_path: Path) -> None:
    inspector = Inspector()
    inspector.disks.keep_to([])
    location = RepositoryLocation("", None, f"oci:{tmp_path}")
    with pytest.raises(SourceError, match="closed"):
        await inspector.open(parse_source(f"oci:{tmp_path}"))
    with pytest.raises(SourceError, match="closed"):
        await inspector.opened(location)
    with pytest.raises(SourceError, match="closed"):
        inspector.source(location)
