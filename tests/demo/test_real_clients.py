"""Real clients against the embedded registry: what they push is what they pull, and they say what users know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.peers import run
from tui.demo.access import PASSWORD, USER
from tui.demo.faults import limit_pulls
from tui.demo.gallery import build_gallery
from tui.demo.quirks import Quirks
from tui.demo.samples.stories import docker_manifests
from tui.demo.serve import Served
from tui.oci import media

pytestmark = [pytest.mark.slow, pytest.mark.peer]


@pytest.fixture
def served() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served
    assert not served.store.errors, "\n".join(served.store.errors)


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """skopeo wants to be told that unsigned images are fine."""
    file = tmp_path / "policy.json"
    file.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return str(file)


def curl(served: Served, *arguments: str) -> str:
    done = run("curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestCurl:
    def test_the_storys_way_to_look_for_a_blob(self, served: Served) -> None:
        repository = served.store.repositories["library/hello"]
        digest = next(iter(repository.blobs))
        found = curl(served, "--head", f"{served.url}/v2/library/hello/blobs/{digest}")
        assert found.startswith("HTTP/1.1 200 OK")
        assert f"docker-content-digest: {digest}" in found
        gone = curl(served, "--head", f"{served.url}/v2/sandbox/blobs/{digest}")
        assert gone.startswith("HTTP/1.1 404 Not Found")

    def test_a_manifest_without_any_accept_header(self, served: Served) -> None:
        text = curl(served, f"{served.url}/v2/library/hello/manifests/latest")
        digest = served.store.repositories["library/hello"].tags["latest"]
        assert f"sha256:{hashlib.sha256(text.encode()).hexdigest()}" == digest

    def test_an_upload(self, served: Served, tmp_path: Path) -> None:
        blob = tmp_path / "blob"
        blob.write_bytes(b"x" * 300_000)  # large enough for Expect: 100-continue
        digest = f"sha256:{hashlib.sha256(blob.read_bytes()).hexdigest()}"
        head = curl(served, "-i", "-X", "POST", f"{served.url}/v2/new/blobs/uploads/")
        where = next(line.split()[1] for line in head.splitlines() if line.lower().startswith("location:"))
        url = f"{served.url}{where}?digest={digest}"
        done = curl(served, "-i", "-T", str(blob), "-H", "Expect: 100-continue", url)
        assert "201 Created" in done
        assert served.store.blob("new", digest) == blob.read_bytes()

    def test_a_token(self, served: Served) -> None:
        scope = "repository:gallery/private:pull"
        answer = curl(served, "-u", f"{USER}:{PASSWORD}", f"{served.url}/token?service=fanfold&scope={scope}")
        token = json.loads(answer)["token"]
        url = f"{served.url}/v2/gallery/private/manifests/latest"
        assert json.loads(curl(served, url))["errors"][0]["code"] == "UNAUTHORIZED"
        assert json.loads(curl(served, "-H", f"Authorization: Bearer {token}", url))["mediaType"] == media.OCI_INDEX


class TestSkopeo:
    def test_raw_bytes(self, served: Served) -> None:
        for reference in ("library/hello:latest", "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-riscv64"):
            name, _, tag = reference.partition(":")
            done = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{served.address}/{reference}")
            assert done.returncode == 0, done.stderr
            repository = served.store.repositories[name]
            assert done.stdout.encode() == repository.manifests[repository.tags[tag]].raw

    def test_a_whole_index_goes_out_and_comes_back(self, served: Served, tmp_path: Path, policy: str) -> None:
        folder = f"dir:{tmp_path / 'copy'}"
        common = ("skopeo", "--policy", policy, "copy", "--all", "--preserve-digests")
        source, target = f"docker://{served.address}/library/hello:latest", f"docker://{served.address}/copied:new"
        out = run(*common, "--src-tls-verify=false", source, folder)
        assert out.returncode == 0, out.stderr
        back = run(*common, "--dest-tls-verify=false", folder, target)
        assert back.returncode == 0, back.stderr
        store = served.store
        digest = store.repositories["library/hello"].tags["latest"]
        assert store.repositories["copied"].tags == {"new": digest}
        index = json.loads(store.repositories["copied"].manifests[digest].raw)
        assert {entry["digest"] for entry in index["manifests"]} <= set(store.repositories["copied"].manifests)
        assert store.repositories["copied"].blobs <= store.repositories["library/hello"].blobs
        assert not store.uploads

    def test_within_the_registry_it_mounts_or_copies(self, served: Served, policy: str) -> None:
        source, target = (
            f"docker://{served.address}/dockerfun/amd64:6b972be0",
            f"docker://{served.address}/dockerfun:copy",
        )
        flags = ("--src-tls-verify=false", "--dest-tls-verify=false")
        done = run("skopeo", "--policy", policy, "copy", *flags, source, target)
        assert done.returncode == 0, done.stderr
        assert served.store.repositories["dockerfun/amd64"].blobs <= served.store.repositories["dockerfun"].blobs

    def test_a_missing_layer_stops_a_copy(self, served: Served, tmp_path: Path, policy: str) -> None:
        source = f"docker://{served.address}/gallery/missing-layer:latest"
        common = ("skopeo", "--policy", policy, "copy", "--all", "--src-tls-verify=false")
        done = run(*common, source, f"dir:{tmp_path / 'copy'}")
        assert done.returncode != 0
        assert "404" in done.stderr or "unknown" in done.stderr

    def test_tags_come_in_pages(self, served: Served) -> None:
        done = run("skopeo", "list-tags", "--tls-verify=false", f"docker://{served.address}/gallery/many-tags")
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)["Tags"]) == 20_000
        assert len(served.store.asked("GET", "/tags/list")) == 20

    def test_logging_in_and_out(self, served: Served, tmp_path: Path) -> None:
        file = ("--authfile", str(tmp_path / "auth.json"))
        login = ("skopeo", "login", "--tls-verify=false", *file, "-u", USER, served.address)
        assert run(*login, "-p", "wrong").returncode != 0
        done = run(*login, "-p", PASSWORD)
        assert done.returncode == 0, done.stderr
        where = f"docker://{served.address}/gallery/private:latest"
        done = run("skopeo", "inspect", "--raw", "--tls-verify=false", *file, where)
        assert done.returncode == 0, done.stderr

    def test_a_login(self, served: Served) -> None:
        where = f"docker://{served.address}/gallery/private:latest"
        refused = run("skopeo", "inspect", "--raw", "--tls-verify=false", where)
        assert refused.returncode != 0
        assert "unauthorized" in refused.stderr
        done = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"--creds={USER}:{PASSWORD}", where)
        assert done.returncode == 0, done.stderr


class TestDocker:
    """`docker manifest` only: it needs no engine."""

    def manifest(self, *arguments: str) -> tuple[int, str, str]:
        done = run("docker", "manifest", *arguments)
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def test_inspect(self, served: Served) -> None:
        code, out, error = self.manifest("inspect", "--insecure", f"{served.address}/ocaml/opam:ubuntu-24.04-ocaml-5.3")
        assert code == 0, error
        assert len(json.loads(out)["manifests"]) == 5

    def test_the_stale_list(self, served: Served, hermetic: Path) -> None:
        """The first story: the stored list is pushed as it is and refused; made anew, it is taken."""
        for path, raw in docker_manifests(served.address).items():
            file = hermetic / ".docker" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(raw)
        name = f"{served.address}/sandbox:0.16-edge"
        sources = (f"{name}-amd64", f"{name}-arm64")

        code, out, error = self.manifest("inspect", "--insecure", "--verbose", name)
        assert code == 0, error
        assert [entry["Ref"] for entry in json.loads(out)] == list(sources)

        amend = ("create", "--insecure", name, "--amend", sources[0], "--amend", sources[1])
        code, out, error = self.manifest(*amend)
        assert (code, out) == (0, f"Created manifest list {name}"), error
        assert not served.store.asked("GET", "/sandbox/"), "it has not looked at the registry at all"

        code, out, error = self.manifest("push", "--insecure", name)
        assert code != 0
        assert "manifest blob unknown: blob unknown to registry" in error

        assert self.manifest("rm", name)[0] == 0
        assert self.manifest("create", "--insecure", name, *sources)[0] == 0
        code, digest, error = self.manifest("push", "--insecure", name)
        assert code == 0, error
        assert served.store.repositories["sandbox"].tags["0.16-edge"] == digest

    def test_what_docker_stores_is_what_we_make(self, served: Served, hermetic: Path) -> None:
        """The stored files of the gallery have the real ones' shape, key by key."""
        name = f"{served.address}/sandbox:0.16-edge"
        code, _, error = self.manifest("create", "--insecure", name, f"{name}-amd64", f"{name}-arm64")
        assert code == 0, error
        ours = docker_manifests(served.address)
        real = {
            str(file.relative_to(hermetic / ".docker")): file.read_bytes()
            for file in (hermetic / ".docker" / "manifests").rglob("*")
            if file.is_file()
        }
        assert sorted(real) == sorted(ours)
        for path, raw in real.items():
            assert _shape(json.loads(raw)) == _shape(json.loads(ours[path]))

    def test_the_nested_list_is_refused(self, served: Served) -> None:
        """The second story: one of the staging images is a manifest list."""
        stem = f"{served.address}/ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4"
        target = f"{served.address}/ocaml/opam:ubuntu-24.04-ocaml-5.4"
        code, _, error = self.manifest("create", "--insecure", target, f"{stem}-amd64", f"{stem}-riscv64")
        assert code != 0
        assert error == f"{stem}-riscv64 is a manifest list"

    def test_from_child_repositories_it_mounts(self, served: Served) -> None:
        name = f"{served.address}/dockerfun:new"
        children = [f"{served.address}/dockerfun/{arch}:6b972be0" for arch in ("amd64", "arm64")]
        assert self.manifest("create", "--insecure", name, *children)[0] == 0
        code, out, error = self.manifest("push", "--insecure", name)
        assert code == 0, error
        store = served.store
        assert store.repositories["dockerfun"].tags["new"] == out.splitlines()[-1]
        assert store.repositories["dockerfun/arm64"].blobs <= store.repositories["dockerfun"].blobs
        assert len(store.asked("POST", "/dockerfun/blobs/uploads/", 201)) == 6

    def test_it_gives_up_where_mounts_become_uploads(self, served: Served) -> None:
        served.call(lambda store: setattr(store.repository("dockerfun"), "quirks", Quirks(mount="session")))
        name = f"{served.address}/dockerfun:new"
        assert self.manifest("create", "--insecure", name, f"{served.address}/dockerfun/amd64:6b972be0")[0] == 0
        code, _, error = self.manifest("push", "--insecure", name)
        assert code != 0
        assert "error mounting" in error
        assert not served.store.uploads, "docker cancels the upload that it did not want"

    def test_the_rate_limit(self, served: Served) -> None:
        served.call(lambda store: limit_pulls(store, "ocaml/opam", 3))
        code, _, error = self.manifest("inspect", "--insecure", f"{served.address}/ocaml/opam:ubuntu-24.04-ocaml-5.3")
        assert code != 0
        assert "You have reached your unauthenticated pull rate limit" in error


def _shape(value: object) -> object:
    """A JSON document without what may differ between two images: texts and numbers."""
    if isinstance(value, dict):
        return {key: _shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shape(one) for one in value]
    return type(value).__name__
