"""What fanfold says of the docker command line, and what that does."""

from __future__ import annotations

import pytest

from tests.support.peers import run
from tui.demo.gallery import build_gallery
from tui.demo.images import BUILDKIT, DOCKER, put_image
from tui.demo.samples.broken import pair, sample_image
from tui.demo.serve import Served
from tui.oci import media

pytestmark = [pytest.mark.slow, pytest.mark.peer]


def test_a_list_with_a_missing_layer_is_pushed_all_the_same() -> None:
    with Served.start(build_gallery()) as served:
        place = f"{served.address}/gallery/missing-layer"
        images = [f"{place}@{each.manifest.digest}" for each in pair("missing-layer")]
        done = run("docker", "manifest", "create", "--insecure", f"{place}:new", *images)
        assert done.returncode == 0, done.stderr
        done = run("docker", "manifest", "push", "--insecure", f"{place}:new")
        assert done.returncode == 0, done.stderr
        assert "new" in served.store.repositories["gallery/missing-layer"].tags


@pytest.mark.parametrize("header", [media.OCI_MANIFEST, media.DOCKER_MANIFEST])
def test_a_header_that_the_document_denies_is_refused(header: str) -> None:
    store = build_gallery()
    one = sample_image("header", "linux/amd64", DOCKER if header == media.OCI_MANIFEST else BUILDKIT)
    put_image(store, "other", one, without=(one.manifest,))
    store.put_manifest("other", one.manifest.raw, header, ["1"])
    with Served.start(store) as served:
        done = run("docker", "manifest", "inspect", "--insecure", f"{served.address}/other:1")
        assert done.returncode != 0
        assert "mediaType in manifest should be" in done.stderr
