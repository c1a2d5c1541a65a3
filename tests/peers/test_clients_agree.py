"""What the recorded table says that clients do, they do: crane, containerd and podman, where they are installed. They
need not be: the table (`tests/explore/clients_did.txt`) is what the verdict is held against everywhere."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.record_clients import podman
from tests.support import odd_images
from tests.support.peers import run
from tests.support.recorded import Did, recorded
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served

pytestmark = [pytest.mark.slow, pytest.mark.peer]

#: One line of the table for each thing that clients disagree about.
_SOME = {
    "odd:arm-v7 linux/arm/v7",
    "odd:amd64-levels linux/amd64/v2",
    "odd:no-system linux/arm64",
    "odd:two-first-broken linux/arm64",
    "odd:nested-with-platform linux/arm64",
    "odd:nested-without-platform linux/arm64",
    "odd:typeless-entry linux/arm64",
    "odd:manifest-called-index linux/arm64",
    "odd:config-odd-type linux/arm64",
    "odd:one-diff-id linux/arm64",
    "odd:diff-id-malformed linux/arm64",
    "odd:layer-unknown linux/arm64",
    "odd:layer-tar-though-gzip linux/arm64",
    "odd:schema-version-text linux/arm64",
    "odd:layers-null linux/arm64",
    "odd/header-json:latest linux/arm64",
    "odd/manifest-served-as-index:latest linux/arm64",
    "gallery/refused:no-layers linux/arm64",
}
CASES = [did for did in recorded() if did.name in _SOME]


def test_every_case_stands_in_the_table() -> None:
    assert {did.name for did in CASES} == _SOME


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    store = build_gallery()
    odd_images.build(store)
    with Served.start(store) as served:
        yield served


def _installed(*programs: str) -> pytest.MarkDecorator:
    absent = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(absent), reason=f"{' and '.join(absent)} not installed")


@_installed("crane")
@pytest.mark.parametrize("did", CASES, ids=[did.name for did in CASES])
def test_crane_does_what_the_table_says(did: Did, served: Served, tmp_path: Path) -> None:
    reference = f"{served.address}/{did.repository}:{did.tag}"
    flags = ("--insecure", "--platform", did.platform)
    pulled = run("crane", "pull", *flags, reference, str(tmp_path / "image.tar"))
    assert (pulled.returncode == 0) is did.pulled, pulled.stderr
    validated = run("crane", "validate", *flags, "--remote", reference)
    assert (validated.returncode == 0) is did.validated, validated.stderr


@pytest.fixture(scope="module")
def containerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The socket of a containerd of our own, with its files in a folder of the test and nothing of Kubernetes."""
    if os.geteuid() != 0:
        pytest.skip("containerd needs root")
    version = run("containerd", "--version").stdout
    if " v2." not in version and " 2." not in version:
        pytest.skip(f"the table was recorded with containerd 2: {version.strip()}")
    folder = tmp_path_factory.mktemp("c")
    socket = folder / "s"
    off = ["cri", "cri.v1.images", "cri.v1.runtime"]
    disabled = [f"io.containerd.grpc.v1.{off[0]}", *(f"io.containerd.{name}" for name in off[1:])]
    config = folder / "config.toml"
    config.write_text(
        f"version = 3\nroot = '{folder}/root'\nstate = '{folder}/state'\n"
        f"disabled_plugins = {json.dumps([*disabled, 'io.containerd.internal.v1.opt'])}\n"
        f"[grpc]\naddress = '{socket}'\n[ttrpc]\naddress = '{folder}/t'\n"
        "[plugins.'io.containerd.metadata.v1.bolt']\ncontent_sharing_policy = 'isolated'\n"
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(["containerd", "--config", str(config)], stdout=log, stderr=log)
    try:
        for _ in range(100):
            if socket.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        if not socket.exists():
            pytest.skip(f"containerd does not start here: {(folder / 'log').read_text()[-300:]}")
        yield str(socket)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


#: `ctr` unpacks after it has fetched everything; Kubernetes and Docker unpack as it comes, and only by a known config.
_CTR_TAKES = "odd:config-odd-type linux/arm64"


@_installed("containerd", "ctr")
@pytest.mark.parametrize("did", CASES, ids=[did.name for did in CASES])
def test_containerd_does_what_the_table_says(did: Did, served: Served, containerd: str) -> None:
    reference = f"{served.address}/{did.repository}:{did.tag}"
    space = "".join(letter if letter.isalnum() else "-" for letter in did.name)[:70]
    done = run(
        "ctr", "-a", containerd, "-n", space, "images", "pull", "--local", "--snapshotter", "native", "--plain-http",
        "--platform", did.platform, reference,
    )  # fmt: skip
    assert (done.returncode == 0) is (bool(did.containerd) or did.name == _CTR_TAKES), done.stderr[-400:]


@_installed("podman")
@pytest.mark.parametrize("did", CASES, ids=[did.name for did in CASES])
def test_podman_does_what_the_table_says(did: Did, served: Served, tmp_path: Path) -> None:
    if os.geteuid() != 0 or run("podman", "--version").stdout.split()[-1].startswith(("3.", "4.")):
        pytest.skip("the table was recorded with podman 5, by root")
    assert podman(f"{served.address}/{did.repository}:{did.tag}", did.platform, str(tmp_path)) == [did.podman or "-"]
