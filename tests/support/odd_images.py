"""Images that real clients judge differently, or that nobody has to expect. `tests/explore/clients_did.txt` says what
each client did with them. One tag of the repository `odd` for each; every tag names what is odd about it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tui.demo import images
from tui.demo.gz import gzip_bytes
from tui.demo.images import BUILDKIT, DOCKER, Image, Piece
from tui.demo.paths import digest_of
from tui.demo.quirks import Quirks
from tui.demo.store import Store
from tui.oci import media

NAME = "odd"
AMD, ARM = "linux/amd64", "linux/arm64"


def plain(where: str = ARM, seed: str = "", **more: Any) -> Image:
    """An image of two layers; each platform and each seed has its own."""
    layers = [
        images.layer(f"ADD {number}", {f"bin/{number}": images.noise(f"{where} {seed} {number}", 600)})
        for number in range(2)
    ]
    return images.image(where, layers, **more)


def _config(one: Image, raw: bytes | Mapping[str, Any], media_type: str = media.OCI_CONFIG) -> Image:
    """The image with another config."""
    data = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    return _manifest(one, config=images.piece(data, media_type))


def _changed(one: Image, **fields: Any) -> Image:
    """The image with other fields in its config; None: left out."""
    document = {**json.loads(one.config.raw), **fields}
    return _config(one, {key: value for key, value in document.items() if value is not None})


def _manifest(
    one: Image,
    root: Mapping[str, Any] | None = None,
    *,
    config: Piece | None = None,
    layers: Sequence[Piece] | None = None,
) -> Image:
    """The image with another config, other layers or other fields in its manifest; None: left out."""
    config, layers = config or one.config, one.layers if layers is None else tuple(layers)
    document = json.loads(one.manifest.raw)
    document |= {"config": config.descriptor(), "layers": [each.descriptor() for each in layers], **(root or {})}
    document = {key: value for key, value in document.items() if value is not None}
    return Image(images.piece(images.render(document, BUILDKIT), one.manifest.media_type), config, layers, one.platform)


def _typed(one: Image, media_type: str, *, unzip: bool = False) -> Image:
    """The image with another media type for its last layer; its bytes uncompressed if `unzip`."""
    raw = gzip.decompress(one.layers[-1].raw) if unzip else one.layers[-1].raw
    return _manifest(one, layers=[*one.layers[:-1], images.piece(raw, media_type)])


class _Shelf:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.tags: list[str] = []

    def listed(self, tag: str, *ones: Image, without: Sequence[Piece] = (), **root: Any) -> None:
        """A tag of an index of these images."""
        for one in ones:
            images.put_image(self.store, NAME, one, without=without)
        self.entries(tag, *(one.entry() for one in ones), **root)

    def entries(self, tag: str, *entries: Mapping[str, Any], **root: Any) -> None:
        """A tag of an index of these entries."""
        document = json.loads(images.index(entries).raw) | root
        document = {key: value for key, value in document.items() if value is not None}
        images.put_index(self.store, NAME, images.piece(images.render(document, BUILDKIT), media.OCI_INDEX), [tag])
        self.tags.append(tag)

    def alone(self, tag: str, one: Image, served_as: str = "", without: Sequence[Piece] = ()) -> None:
        """A tag of one image, without an index."""
        images.put_image(self.store, NAME, one, without=[one.manifest, *without])
        self.store.put_manifest(NAME, one.manifest.raw, served_as or one.manifest.media_type, [tag])
        self.tags.append(tag)


def build(store: Store) -> list[str]:
    """Put them all; the tags."""
    shelf = _Shelf(store)
    for part in (_platforms, _shapes, _configs, _layers, _documents):
        part(shelf)
    return shelf.tags


def _platforms(shelf: _Shelf) -> None:
    shelf.listed("arm-v5-v6", plain("linux/arm/v5"), plain("linux/arm/v6"))
    shelf.listed("arm-v7", plain("linux/arm/v7"))
    shelf.listed("arm-bare", plain("linux/arm"))
    shelf.listed("amd64-v2", plain("linux/amd64/v2"))
    shelf.listed("amd64-levels", plain("linux/386"), plain(AMD), plain("linux/amd64/v2"))
    shelf.listed("only-386", plain("linux/386"))
    shelf.listed("arm64-v8", plain("linux/arm64/v8"))
    shelf.listed("arm64-v9", plain("linux/arm64/v9"))
    shelf.listed("windows-builds", *(plain("windows/amd64", build, os_version=build)
                                     for build in ("10.0.17763.1879", "10.0.17763.9", "10.0.20348.2700")))  # fmt: skip
    win32k = plain("windows/amd64", os_version="10.0.20348.2700")
    shelf.listed("win32k", Image(win32k.manifest, win32k.config, win32k.layers,
                                 {**win32k.platform, "os.features": ["win32k"]}))  # fmt: skip
    shelf.listed("no-system", plain(claims={"architecture": "arm64", "os": ""}))
    shelf.listed("no-machine", plain(claims={"architecture": "", "os": "linux"}))
    shelf.listed("machine-unknown", plain(claims={"architecture": "unknown", "os": "linux"}))
    shelf.listed("aliases", plain(claims={"architecture": "aarch64", "os": "linux"}),
                 plain(AMD, claims={"architecture": "x86_64", "os": "linux"}))  # fmt: skip
    shelf.listed("capitals", plain(claims={"architecture": "ARM64", "os": "Linux"}))
    shelf.entries("platform-null", plain().entry(platform=None), plain(AMD).entry())
    shelf.entries("platform-empty", plain().entry(platform={}), plain(AMD).entry())
    shelf.alone("alone", plain())
    shelf.alone("alone-no-platform", _changed(plain(), architecture=None, os=None))


def _shapes(shelf: _Shelf) -> None:
    first, second = plain(seed="first"), plain(seed="second")
    shelf.listed("two", first, second)
    third, fourth = plain(seed="third"), plain(seed="fourth")
    shelf.listed("two-first-broken", third, fourth, without=[third.layers[0]])
    shelf.listed("two-second-broken", fourth, third, without=[third.layers[0]])
    fifth, sixth = plain(seed="fifth"), plain(AMD)
    inner = images.index([fifth.entry()])
    images.put_index(shelf.store, NAME, inner)
    images.put_image(shelf.store, NAME, fifth)
    images.put_image(shelf.store, NAME, sixth)
    arm = {"architecture": "arm64", "os": "linux"}
    shelf.entries("nested-with-platform", inner.descriptor(platform=arm), sixth.entry())
    shelf.entries("nested-without-platform", sixth.entry(), inner.descriptor())
    shelf.entries("nested-after-image", first.entry(), inner.descriptor(platform=arm))
    shelf.entries("nested-before-image", inner.descriptor(platform=arm), first.entry())
    shelf.entries("nested-bare-before-image", inner.descriptor(), first.entry())
    shelf.entries("nested-wrong-platform", inner.descriptor(platform={"architecture": "amd64", "os": "linux"}))
    shelf.entries("layer-for-platform", first.layers[0].descriptor(platform=arm), sixth.entry())
    shelf.entries("layer-before-image", first.layers[0].descriptor(platform=arm), first.entry())
    shelf.entries("typeless-entry", first.entry(mediaType=""), sixth.entry())
    shelf.entries("manifest-called-docker", first.entry(mediaType=media.DOCKER_MANIFEST), sixth.entry())
    shelf.entries("manifest-called-index", first.entry(mediaType=media.OCI_INDEX), sixth.entry())
    shelf.entries("entry-too-long", first.entry(size=len(first.manifest.raw) + 1), sixth.entry())
    shelf.entries("entry-too-short", first.entry(size=len(first.manifest.raw) - 1), sixth.entry())
    shelf.entries("no-entries")
    shelf.entries("manifests-null", manifests=None)
    shelf.entries("artifact-type", first.entry(), artifactType="application/vnd.example")
    shelf.entries("artifact-entry", first.entry(artifactType="application/vnd.example"))


def _configs(shelf: _Shelf) -> None:
    shelf.listed("config-empty-object", _config(plain(), {}))
    shelf.listed("config-no-bytes", _config(plain(), b""))
    shelf.listed("config-no-json", _config(plain(), b"<html>"))
    shelf.listed("config-list", _config(plain(), b"[]"))
    shelf.listed("config-null", _config(plain(), b"null"))
    shelf.listed("config-tail", _config(plain(), plain().config.raw + b"}"))
    shelf.listed("config-empty-type", _config(plain(), b"{}", "application/vnd.oci.empty.v1+json"))
    shelf.listed("config-odd-type", _config(plain(), plain().config.raw, "application/vnd.example.config+json"))
    shelf.listed("config-no-type", _config(plain(), plain().config.raw, ""))
    shelf.listed("config-of-docker", _config(plain(), plain().config.raw, media.DOCKER_CONFIG))
    shelf.listed("config-of-oci", _config(plain(style=DOCKER), plain().config.raw, media.OCI_CONFIG))
    shelf.listed("one-diff-id", plain(diff_ids=1))
    root = json.loads(plain().config.raw)["rootfs"]
    shelf.listed(
        "three-diff-ids", _changed(plain(), rootfs={**root, "diff_ids": [*root["diff_ids"], *root["diff_ids"][:1]]})
    )
    shelf.listed("diff-ids-swapped", _changed(plain(), rootfs={**root, "diff_ids": root["diff_ids"][::-1]}))
    shelf.listed("diff-id-malformed", _changed(plain(), rootfs={**root, "diff_ids": ["sha256:abc", "x"]}))
    shelf.listed("diff-ids-text", _changed(plain(), rootfs={**root, "diff_ids": "sha256:abc"}))
    shelf.listed("diff-ids-null", _changed(plain(), rootfs={**root, "diff_ids": None}))
    shelf.listed("rootfs-absent", _changed(plain(), rootfs=None))
    shelf.listed("rootfs-type", _changed(plain(), rootfs={**root, "type": "layers+base"}))
    shelf.listed("env-bare", _changed(plain(), config={"Env": ["DEBUG", "=x", "A=b"]}))
    shelf.listed("env-text", _changed(plain(), config={"Env": "A=b"}))
    shelf.listed("env-numbers", _changed(plain(), config={"Env": [1]}))
    shelf.listed("created-malformed", _changed(plain(), created="yesterday"))
    shelf.listed("created-spaced", _changed(plain(), created="2026-01-02 03:04:05Z"))
    shelf.listed("created-number", _changed(plain(), created=1767225600))
    shelf.listed("author-number", _changed(plain(), author=1))
    shelf.listed("history-text", _changed(plain(), history="FROM scratch"))
    shelf.listed("run-list", _changed(plain(), config=[]))
    shelf.listed("user-number", _changed(plain(), config={"User": 0}))
    shelf.listed("entrypoint-text", _changed(plain(), config={"Entrypoint": "/bin/0"}))
    shelf.listed("ports-list", _changed(plain(), config={"ExposedPorts": ["80/tcp"]}))
    shelf.listed("labels-number", _changed(plain(), config={"Labels": {"version": 1}}))
    shelf.listed("architecture-number", _changed(plain(), architecture=64))
    shelf.listed("config-no-architecture", _changed(plain(), architecture=None))
    shelf.listed("config-other-platform", _changed(plain(), architecture="amd64"))
    shelf.listed("config-history-short", _changed(plain(), history=[]))
    wrong = plain(seed="config size")
    for tag, change in (("config-too-long", 1), ("config-too-short", -1)):
        more = {**wrong.config.descriptor(), "size": len(wrong.config.raw) + change}
        shelf.listed(tag, _manifest(wrong, {"config": more}))
    gone = plain(seed="no config")
    shelf.listed("config-absent", gone, without=[gone.config])
    shelf.listed("no-config", _manifest(plain(), {"config": None}))


def _layers(shelf: _Shelf) -> None:
    for tag, kind in (
        ("unknown", "application/vnd.example.layer.v1.tar+7z"),
        ("typeless", ""),
        ("octets", "application/octet-stream"),
        ("docker", media.DOCKER_LAYER),
        ("tar-though-gzip", "application/vnd.oci.image.layer.v1.tar"),
        ("zstd-though-gzip", "application/vnd.oci.image.layer.v1.tar+zstd"),
        ("docker-zstd", "application/vnd.docker.image.rootfs.diff.tar.zstd"),
        ("docker-tar", "application/vnd.docker.image.rootfs.diff.tar"),
        ("bzip2", "application/vnd.oci.image.layer.v1.tar+bzip2"),
        ("capitals", media.OCI_LAYER_GZIP.upper()),
        ("parameters", media.OCI_LAYER_GZIP + "; charset=utf-8"),
        ("nondistributable", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        ("foreign", media.DOCKER_FOREIGN_LAYER),
        ("encrypted", media.OCI_LAYER_GZIP + "+encrypted"),
    ):
        shelf.listed(f"layer-{tag}", _typed(plain(seed="layers"), kind))
    shelf.listed("layer-gzip-though-tar", _typed(plain(), media.OCI_LAYER_GZIP, unzip=True))
    shelf.listed("layer-plain-tar", _typed(plain(), "application/vnd.oci.image.layer.v1.tar", unzip=True))
    absent = plain(seed="absent")
    shelf.listed("layer-absent", absent, without=[absent.layers[0]])
    shelf.listed("no-layers", images.image(ARM, [images.step("CMD")]))
    shelf.listed("layers-null", _manifest(images.image(ARM, [images.step("CMD")]), {"layers": None}))
    for tag, change in (("layer-too-long", 1), ("layer-too-short", -1)):
        size = len(plain(seed=tag).layers[1].raw) + change
        shelf.listed(tag, plain(seed=tag, lies={1: {"size": size}}))
    shelf.listed("layer-size-zero", plain(seed="zero", lies={1: {"size": 0}}))
    broken = images.piece(gzip_bytes(b"no tar " * 200), media.OCI_LAYER_GZIP)
    held = _manifest(plain(), layers=[broken])
    root = {"type": "layers", "diff_ids": [digest_of(b"no tar " * 200)]}
    shelf.listed("layer-no-tar", _manifest(_changed(held, rootfs=root)))
    twice = plain(seed="twice")
    ids = json.loads(twice.config.raw)["rootfs"]["diff_ids"][:1] * 2
    same = _changed(twice, rootfs={"type": "layers", "diff_ids": ids})
    shelf.listed("layer-twice", _manifest(same, layers=[twice.layers[0]] * 2))


def _documents(shelf: _Shelf) -> None:
    for tag, version in (("absent", None), ("one", 1), ("text", "2"), ("three", 3)):
        shelf.listed(f"schema-version-{tag}", plain(root={"schemaVersion": version}))
        shelf.listed(f"index-schema-version-{tag}", plain(), schemaVersion=version)
    shelf.listed("no-media-type", plain(root={"mediaType": None}))
    shelf.listed("index-no-media-type", plain(), mediaType=None)
    shelf.listed("index-calls-itself-docker", plain(), mediaType=media.DOCKER_LIST)
    shelf.listed("index-calls-itself-manifest", plain(), mediaType=media.OCI_MANIFEST)
    docker, oci = plain(style=DOCKER), plain()
    for tag, one, kind in (
        ("oci-served-as-docker", oci, media.DOCKER_MANIFEST),
        ("docker-served-as-oci", docker, media.OCI_MANIFEST),
        ("manifest-served-as-index", oci, media.OCI_INDEX),
    ):
        images.put_image(shelf.store, NAME + "/" + tag, one, without=[one.manifest])
        shelf.store.put_manifest(NAME + "/" + tag, one.manifest.raw, kind, ["latest"])
        shelf.tags.append(f"{tag}/latest")
    for tag, kind in (
        ("json", "application/json"),
        ("octets", "application/octet-stream"),
        ("text", "text/plain; charset=utf-8"),
        ("parameters", media.OCI_MANIFEST + "; charset=utf-8"),
        ("nothing", ""),
    ):
        name = f"{NAME}/header-{tag}"
        images.put_image(shelf.store, name, oci, ["latest"])
        images.put_index(shelf.store, name, images.index([oci.entry()]), ["index"])
        shelf.store.repository(name).quirks = Quirks(content_type=kind)
        shelf.tags.extend([f"header-{tag}/latest", f"header-{tag}/index"])
    index = images.index([oci.entry()])
    for tag, kind in (("index-served-as-manifest", media.OCI_MANIFEST), ("index-served-as-docker", media.DOCKER_LIST)):
        images.put_image(shelf.store, NAME + "/" + tag, oci)
        shelf.store.put_manifest(NAME + "/" + tag, index.raw, kind, ["latest"])
        shelf.tags.append(f"{tag}/latest")
    both = json.loads(index.raw) | {"layers": [], "config": oci.config.descriptor()}
    shelf.entries("both", oci.entry(), config=both["config"], layers=[])
    shelf.listed("subject", plain(root={"subject": oci.manifest.descriptor()}))
    shelf.listed("artifact", plain(root={"artifactType": "application/vnd.example"}))


def references(tags: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Repository and tag of each."""
    for tag in tags:
        name, _, rest = tag.partition("/")
        yield (f"{NAME}/{name}", rest) if rest else (NAME, tag)
