"""`fanfold fix` for real: what a registry lost comes back, and docker and skopeo take the image, of the same digest."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support import program
from tests.support.peers import run
from tests.support.real_registry import RealRegistry
from tui.oci import media
from tui.oci.digest import Digest

pytestmark = [pytest.mark.slow, pytest.mark.peer]


def fanfold(*argv: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return program.run(*argv, HOME=str(folder), XDG_STATE_HOME=str(folder / "state"))


def test_docker_and_skopeo_take_what_was_fixed(real: RealRegistry, tmp_path: Path) -> None:
    images = [real.put_image("app", name, f"linux/{name}", "app", layers=2) for name in ("amd64", "arm64")]
    for name in ("amd64", "arm64"):
        real.put_image("staging", name, f"linux/{name}", "app", layers=2)
    entries = [one.entry() for one in images]
    document = {"schemaVersion": 2, "mediaType": media.DOCKER_LIST, "manifests": entries}
    digest = real.put_manifest("app", "1", json.dumps(document).encode(), media.DOCKER_LIST)
    real.unlink_blob("app", images[1].layers[1])
    real.unlink_manifest("app", images[0].digest)
    real.restart()
    config = {"DOCKER_CONFIG": str(tmp_path / "docker")}
    name = f"{real.address}/app:1"
    copy = ("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{name}", f"dir:{tmp_path / 'copy'}")
    assert run(*copy).returncode != 0
    assert fanfold("check", name, folder=tmp_path).returncode == 1

    done = fanfold("fix", name, "--from", f"{real.address}/staging", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "can be pulled on both platforms" in done.stderr

    assert run(*copy).returncode == 0
    inspected = run("docker", "manifest", "inspect", "--insecure", name, env=config)
    assert inspected.returncode == 0, inspected.stderr
    assert str(images[0].digest) in inspected.stdout
    assert Digest.of(real.manifest("app", "1")) == digest
    assert fanfold("check", name, folder=tmp_path).returncode == 0


def test_several_tags_in_a_registry_that_does_not_know_them_in_one_request(real: RealRegistry, tmp_path: Path) -> None:
    for name in ("amd64", "arm64"):
        real.put_image("several", name, f"linux/{name}", "several")
    at = f"{real.address}/several"
    command = ("create", f"{at}:1", f"{at}:amd64", f"{at}:arm64", "--tag", "2", "--tag", "3", "--json")
    done = fanfold(*command, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    digests = {str(Digest.of(real.manifest("several", tag))) for tag in "123"}
    assert digests == {document["digest"]}
    assert [each["outcome"] for each in document["tags"]] == ["pushed", "pushed"]
    refused = fanfold("delete", "--yes", f"{at}:3", folder=tmp_path)
    assert refused.returncode == 1 and "still holds" in refused.stderr
    assert "may refuse to delete by tag" in refused.stderr
