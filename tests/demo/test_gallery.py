"""The gallery is what it says: valid where it should be, broken where it should be, and the same every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
from typing import Any

import httpx
import pytest

from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.paths import digest_of, is_name, is_tag
from tui.demo.registry_app import EmbeddedRegistry
from tui.demo.samples.crowds import HOSTILE, platforms
from tui.demo.samples.hello import PLATFORMS
from tui.demo.samples.stories import docker_manifests
from tui.demo.store import Store
from tui.oci import media
from tui.oci.config import decode_config
from tui.oci.errors import MalformedDocument
from tui.oci.manifest import ImageManifest, Index, decode
from tui.oci.statement import decode_statement

CODES = {
    *("missing-blob", "missing-manifest", "size-mismatch", "digest-mismatch", "cycle", "too-deep", "invalid-manifest"),
    *("denied", "unreachable", "limited", "media-type-mismatch", "platform-mismatch", "duplicate-platform"),
    *("stale-entry", "stale-local-list", "orphan-attestation", "dangling-subject", "not-in-this-repository"),
    *("empty-index", "nested-index", "mixed-media-types", "foreign-layer", "missing-attestation"),
    *("unknown-platform", "no-platform", "layer-count", "unknown-layer-type", "not-a-manifest", "no-architecture"),
    *("nobody-can-pull", "content-type-mismatch", "schema-version", "malformed-env", "no-layers"),
}
HEALTHY = [sample for sample in GALLERY if not sample.codes and sample.repository != "gallery/digest-tags"]


@pytest.fixture(scope="module")
def store() -> Store:
    return build_gallery()


def index_of(store: Store, reference: str) -> Index:
    name, _, tag = reference.rpartition(":")
    repository = store.repositories[name]
    stored = repository.manifests[repository.tags[tag]]
    found = decode(stored.raw, stored.media_type)
    assert isinstance(found, Index)
    return found


def everything_below(store: Store, name: str, digest: str) -> tuple[set[str], set[str]]:
    """The digests of the manifests and blobs that can be reached from a manifest, there or not."""
    repository = store.repositories[name]
    manifests: set[str] = set()
    blobs: set[str] = set()
    waiting = [digest]
    while waiting:
        digest = waiting.pop()
        if digest in manifests:
            continue
        manifests.add(digest)
        if digest not in repository.manifests:
            continue
        stored = repository.manifests[digest]
        try:
            found = decode(stored.raw, stored.media_type)
        except MalformedDocument:
            continue
        if isinstance(found, Index):
            waiting += [entry.digest for entry in found.entries if media.is_manifest(entry.media_type)]
            blobs |= {entry.digest for entry in found.entries if not media.is_manifest(entry.media_type)}
        elif isinstance(found, ImageManifest):
            blobs |= {one.digest for one in (found.config, *found.layers) if one is not None}
    return manifests, blobs


def test_it_is_the_same_every_time(store: Store) -> None:
    again = build_gallery()
    assert again.data == store.data
    assert {name: one.tags for name, one in again.repositories.items()} == {
        name: one.tags for name, one in store.repositories.items()
    }
    assert all(one.manifests == store.repositories[name].manifests for name, one in again.repositories.items())
    # Digests must not depend on the machine either: this one is written down
    assert (
        store.repositories["library/hello"].tags["latest"]
        == "sha256:7cd8dc62163fe8efbf37cf4e6d694c9aefc31dfaf74ddf13314efa8a03afd970"
    )


def test_it_is_made_quickly() -> None:
    began = time.perf_counter()
    build_gallery()
    assert time.perf_counter() - began < 2, "the budget is one second on an idle machine"


def test_every_repository_is_an_sample_and_the_other_way_round(store: Store) -> None:
    assert {sample.repository for sample in GALLERY} == set(store.repositories)
    for sample in GALLERY:
        assert is_name(sample.repository)
        assert sample.tags
        assert set(sample.tags) <= set(store.repositories[sample.repository].tags)
        assert sample.words.endswith(".")
        assert {*sample.codes, *sample.also} <= CODES
        assert not set(sample.codes) & set(sample.also)


def test_the_asked_for_samples_are_there() -> None:
    names = (
        "missing-layer missing-config missing-platform wrong-platform wrong-size duplicate-platform orphan-attestation "
        "nested mixed-types foreign-layer denied limited slow many-tags many-platforms"
    )
    shown = {sample.repository: sample for sample in GALLERY}
    assert {f"gallery/{name}" for name in names.split()} <= set(shown)
    assert all("latest" in shown[f"gallery/{name}"].tags for name in names.split())


@pytest.mark.parametrize("sample", HEALTHY, ids=lambda sample: f"{sample.repository}:{sample.tags[0]}")
def test_what_is_healthy_is_whole(store: Store, sample: Any) -> None:
    repository = store.repositories[sample.repository]
    for tag in sample.tags:
        manifests, blobs = everything_below(store, sample.repository, repository.tags[tag])
        assert manifests <= set(repository.manifests)
        assert blobs
        assert all(store.has_blob(sample.repository, digest) for digest in blobs)


def test_every_document_is_what_its_digest_says_except_the_rotten_one(store: Store) -> None:
    wrong = [
        (name, digest)
        for name, repository in store.repositories.items()
        for digest, stored in repository.manifests.items()
        if digest_of(stored.raw) != digest
    ]
    assert [name for name, _ in wrong] == ["gallery/wrong-bytes"]
    assert all(digest_of(data) == digest for digest, data in store.data.items())


def test_layers_are_archives_and_configs_know_them(store: Store) -> None:
    seen = 0
    for name, repository in store.repositories.items():
        for digest, stored in repository.manifests.items():
            if digest_of(stored.raw) != digest or name in ("gallery/not-json", "gallery/refused"):
                continue
            found = decode(stored.raw, stored.media_type)
            if (
                not isinstance(found, ImageManifest)
                or found.config is None
                or not media.is_image_config(found.config.media_type)
            ):
                continue
            raw = store.blob(name, found.config.digest)
            if raw is None or found.is_attestation or not media.is_image_config(found.config.media_type):
                continue
            config = decode_config(raw)
            assert len(config.diff_ids) == len(found.layers)
            for descriptor, diff_id in zip(found.layers, config.diff_ids, strict=True):
                data = store.blob(name, descriptor.digest)
                if data is not None:
                    unpacked = gzip.decompress(data)
                    assert f"sha256:{hashlib.sha256(unpacked).hexdigest()}" == diff_id
                    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
                        assert archive.getmembers()
                        assert {member.mtime for member in archive.getmembers()} == {0}
                    seen += 1
            if found.layers:
                assert all(config.commands(len(found.layers))), "each layer has its command"
    assert seen > 300


def test_hello(store: Store) -> None:
    repository = store.repositories["library/hello"]
    assert repository.tags["1.1"] == repository.tags["1"] == repository.tags["latest"] != repository.tags["1.0"]
    whole = index_of(store, "library/hello:latest")
    images = [entry for entry in whole.entries if entry.platform and not entry.platform.is_unknown]
    proofs = [entry for entry in whole.entries if entry.platform and entry.platform.is_unknown]
    assert [str(entry.platform) for entry in images] == list(PLATFORMS)
    assert [entry.annotations["vnd.docker.reference.digest"] for entry in proofs] == [entry.digest for entry in images]
    assert {entry.annotations["vnd.docker.reference.type"] for entry in proofs} == {"attestation-manifest"}
    for one, entry in zip(images, proofs, strict=True):
        manifest = decode(repository.manifests[entry.digest].raw)
        assert isinstance(manifest, ImageManifest)
        assert manifest.is_attestation
        kinds = []
        for layer in manifest.layers:
            statement = decode_statement(store.data[layer.digest])
            kinds.append(statement.predicate_type)
            assert layer.annotations["in-toto.io/predicate-type"] == statement.predicate_type
            assert one.digest.encoded in json.dumps(json.loads(store.data[layer.digest])["subject"])
        assert kinds == ["https://spdx.dev/Document", "https://slsa.dev/provenance/v1"]
    (signature,) = [own for own, stored in repository.referrers(whole.digest)]
    assert repository.manifests[signature].artifact_type == media.SIGSTORE_BUNDLE


def test_the_stale_list_is_as_in_the_story(store: Store) -> None:
    repository = store.repositories["sandbox"]
    whole = index_of(store, "sandbox:0.16-edge")
    assert whole.media_type == media.DOCKER_LIST
    missing = {}
    for entry in whole.entries:
        assert entry.digest in repository.manifests
        assert entry.digest != repository.tags[f"0.16-edge-{entry.platform.architecture}" if entry.platform else ""]
        manifest = decode(repository.manifests[entry.digest].raw)
        assert isinstance(manifest, ImageManifest)
        assert manifest.config is not None
        gone = [layer.digest for layer in manifest.layers if not store.has_blob("sandbox", layer.digest)]
        assert store.has_blob("sandbox", manifest.config.digest)
        missing[str(entry.platform)] = (gone, manifest.layers[-1].digest)
    assert missing["linux/amd64"][0] == []
    assert missing["linux/arm64"][0] == [missing["linux/arm64"][1]]


def test_dockers_stored_list_names_what_is_gone(store: Store) -> None:
    files = docker_manifests("127.0.0.1:5005")
    folder = "manifests/127.0.0.1-5005_sandbox-0.16-edge"
    assert sorted(files) == [f"{folder}/127.0.0.1-5005_sandbox-0.16-edge-{arch}" for arch in ("amd64", "arm64")]
    for path, raw in files.items():
        entry = json.loads(raw)
        assert list(entry) == ["Ref", "Descriptor", "Raw", "SchemaV2Manifest"]
        assert path.endswith(entry["Ref"].rpartition(":")[2])
        assert entry["Descriptor"]["digest"] not in store.repositories["sandbox"].manifests


def test_parent_and_child_repositories(store: Store) -> None:
    for entry in index_of(store, "dockerfun:6b972be0").entries:
        assert entry.platform is not None
        child = f"dockerfun/{entry.platform.architecture}"
        assert store.repositories[child].tags["6b972be0"] == entry.digest
        _, blobs = everything_below(store, child, entry.digest)
        assert all(store.has_blob(child, digest) for digest in blobs)
        assert not any(store.has_blob("dockerfun", digest) for digest in blobs)


def test_the_nested_list(store: Store) -> None:
    repository = store.repositories["ocurrent/opam-staging"]
    kinds = {tag.rpartition("-")[2]: repository.manifests[digest].media_type for tag, digest in repository.tags.items()}
    assert kinds.pop("riscv64") == media.OCI_INDEX
    assert set(kinds.values()) == {media.DOCKER_MANIFEST}
    assert len(kinds) == 4
    nested = index_of(store, "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-riscv64")
    assert [str(entry.platform) for entry in nested.entries] == ["linux/riscv64", "unknown/unknown"]


def test_the_crowds(store: Store) -> None:
    tags = store.repositories["gallery/many-tags"].tags
    assert len(tags) == 20_000
    assert all(map(is_tag, tags))
    entries = index_of(store, "gallery/many-platforms:latest").entries
    assert len({str(entry.platform) for entry in entries}) == len(entries) == len(platforms()) == 60


def test_the_hostile_one_is_hostile(store: Store) -> None:
    whole = index_of(store, "gallery/hostile:latest")
    assert HOSTILE in whole.annotations
    for character in ("\x1b", "\x07", "\x9b", "\u202e", "\u200b", "\n", "["):
        assert character in HOSTILE


async def test_real_answers_of_the_gallery(store: Store) -> None:
    transport = httpx.ASGITransport(app=EmbeddedRegistry(store))
    accept = {"Accept": ", ".join(media.ACCEPT)}
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.localhost", headers=accept) as client:

        async def statuses(name: str) -> list[int]:
            top = await client.get(f"/v2/gallery/{name}/manifests/latest")
            entries = top.json().get("manifests", [])
            below = [await client.get(f"/v2/gallery/{name}/manifests/{entry['digest']}") for entry in entries]
            return [answer.status_code for answer in (top, *below)]

        assert await statuses("missing-platform") == [200, 200, 404]
        assert await statuses("denied") == [200, 200, 403]
        assert await statuses("private") == [401]
        assert await statuses("limited") == [200, 429, 429]
        limited = index_of(store, "gallery/limited:latest").entries[0].digest
        answer = await client.head(f"/v2/gallery/limited/manifests/{limited}")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "900")
    assert not store.errors


async def test_twenty_thousand_tags_are_listed_quickly(store: Store) -> None:
    transport = httpx.ASGITransport(app=EmbeddedRegistry(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.localhost") as client:
        began, names, url = time.perf_counter(), [], "/v2/gallery/many-tags/tags/list?n=1000"
        while url:
            answer = await client.get(url)
            names += answer.json()["tags"]
            url = answer.links.get("next", {}).get("url", "")
        assert names == sorted(store.repositories["gallery/many-tags"].tags)
        assert time.perf_counter() - began < 2
