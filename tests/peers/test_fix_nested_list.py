"""The second story for real: five staging images, one of them an index with an attestation, into another repository."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.peers import run
from tests.support.real_registry import RealRegistry
from tui.commands.create import create
from tui.compose.copy import plan_copy
from tui.compose.journal import Journal
from tui.compose.push import Push
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.registry.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.peer]

STAGING, TARGET = "ocurrent/opam-staging", "ocaml/opam"
FLAT = ("s390x", "ppc64le", "arm64", "amd64")


async def fanfold(target: str, sources: Sequence[str], journal: Path, **options: object) -> tuple[int, str, str]:
    """`fanfold create`: its status, what it wrote to stdout, and to stderr."""
    client = Client()
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        status = await create(Inspector(client), target, sources, journal=Journal(journal), **options)  # type: ignore[arg-type]
    finally:
        sys.stdout, sys.stderr = before
        await client.aclose()
    return status, out.getvalue(), err.getvalue()


async def test_the_nested_list(real: RealRegistry, tmp_path: Path) -> None:
    flat = [real.put_image(STAGING, f"build-{name}", f"linux/{name}", "opam") for name in FLAT]
    riscv, proof, nested = real.put_attested(STAGING, "build-riscv64", "linux/riscv64", "opam")
    target = f"{real.address}/{TARGET}:ubuntu-25.04-opam"
    sources = [f"{real.address}/{STAGING}@{digest}" for digest in (*(one.digest for one in flat), nested)]

    config = {"DOCKER_CONFIG": str(tmp_path / "docker")}
    refused = run("docker", "manifest", "create", "--insecure", target, *sources, env=config)
    assert refused.returncode != 0
    assert "is a manifest list" in refused.stderr
    run("docker", "manifest", "rm", target, env=config)

    status, out, err = await fanfold(target, sources, tmp_path / "journal")
    assert status == 0, err
    raw = real.manifest(TARGET, "ubuntu-25.04-opam")
    assert out == f"{Digest.of(raw)}\n"

    entries = json.loads(raw)["manifests"]
    assert [entry["digest"] for entry in entries] == [*(one.digest for one in flat), riscv.digest, proof.digest]
    assert entries[-1]["annotations"] == {
        "vnd.docker.reference.digest": str(riscv.digest),
        "vnd.docker.reference.type": "attestation-manifest",
    }
    assert entries[-1]["platform"] == {"architecture": "unknown", "os": "unknown"}
    assert real.manifest(TARGET, str(proof.digest)) == proof.raw

    inspected = run("docker", "manifest", "inspect", "--insecure", target, env=config)
    assert inspected.returncode == 0, inspected.stderr
    assert len(json.loads(inspected.stdout)["manifests"]) == 6

    policy = tmp_path / "policy.json"
    policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    skopeo = ("skopeo", "--policy", str(policy), "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false")
    mirror = f"docker://{real.address}/mirror:1"
    copied = run(*skopeo, "--preserve-digests", f"docker://{target}", mirror)
    assert copied.returncode == 0, copied.stderr
    assert real.manifest("mirror", "1") == raw
    # Into a layout skopeo makes OCI manifests of Docker's, so that it is another index there.
    copied = run(*skopeo, f"docker://{target}", f"oci:{tmp_path / 'layout'}:opam")
    assert copied.returncode == 0, copied.stderr
    digest = Digest.parse(json.loads((tmp_path / "layout" / "index.json").read_text())["manifests"][0]["digest"])
    other = (tmp_path / "layout" / "blobs" / "sha256" / digest.encoded).read_bytes()

    # Copied on, attestation and all, it is byte for byte the same; and from the layout too.
    client = Client()
    inspector, journal = Inspector(client), Journal(tmp_path / "journal")
    for source, name, wanted in ((target, "copy/one", raw), (f"oci:{tmp_path / 'layout'}:opam", "copy/two", other)):
        plan = await plan_copy(inspector, source, Reference.parse(f"{real.address}/{name}:1"))
        assert plan.ready, plan.problems
        assert (await Push(plan, inspector, journal).run()).ok
        assert real.manifest(name, "1") == wanted
        assert real.manifest(name, str(proof.digest)) == proof.raw
    await inspector.aclose()
    await client.aclose()


async def test_amended_and_undone(real: RealRegistry, tmp_path: Path) -> None:
    """`--amend` replaces a platform in place; the journal's bytes put the old index back."""
    from tui.compose.undo import plan_undo

    for name in ("amd64", "arm64"):
        real.put_image("app", f"1-{name}", f"linux/{name}", "first", oci=True)
    target = f"{real.address}/app:1"
    status, first, err = await fanfold(target, [f"{target}-amd64", f"{target}-arm64"], tmp_path / "journal")
    assert status == 0, err
    before = real.manifest("app", "1")
    new = real.put_image("app", "new", "linux/arm64", "second", oci=True)
    status, second, err = await fanfold(target, [f"{real.address}/app:new"], tmp_path / "journal", amend=True)
    assert status == 0
    assert "Replaced linux/arm64" in err
    entries = json.loads(real.manifest("app", "1"))["manifests"]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    assert entries[1]["digest"] == new.digest
    assert first != second

    client = Client()
    inspector, journal = Inspector(client), Journal(tmp_path / "journal")
    plan = await plan_undo(journal, Reference.parse(target), Digest.parse(second.strip()), inspector)
    assert plan.ready, plan.problems
    assert (await Push(plan, inspector, journal).run()).ok
    await client.aclose()
    assert real.manifest("app", "1") == before


async def test_nothing_is_written_on_bad_input(real: RealRegistry, tmp_path: Path) -> None:
    real.put_image("app", "a", "linux/amd64", "one")
    real.put_image("app", "b", "linux/amd64", "two")
    target = f"{real.address}/app:1"
    cases = [
        ([f"{real.address}/app:absent"], 1, "does not exist"),
        ([f"{real.address}/app:a", f"{real.address}/app:b"], 1, "twice"),
        ([f"{real.address}/app:a", "127.0.0.1:1/gone:1"], 3, "could not be read"),
        (["Bad Reference"], 2, ""),
    ]
    for sources, expected, words in cases:
        status, out, err = await fanfold(target, sources, tmp_path / "journal")
        assert (status, out) == (expected, ""), err
        assert words in err
    status, out, err = await fanfold(f"{target}@{Digest.of(b'x')}", [f"{real.address}/app:a"], tmp_path / "journal")
    assert (status, out) == (2, "")
    assert "digest" in err
    assert real.ask("GET", "/v2/app/manifests/1")[0] == 404
