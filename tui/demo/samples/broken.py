"""One repository for each fault, below `gallery/`: the ones that a registry can really come to hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui.demo.access import Access
from tui.demo.attest import Attestation, attest, put_attestation
from tui.demo.faults import HUB_MESSAGE
from tui.demo.images import (
    BUILDKIT,
    DOCKER,
    Image,
    Style,
    image,
    index,
    layer,
    noise,
    piece,
    put_image,
    put_index,
    step,
)
from tui.demo.quirks import Quirks
from tui.demo.store import Store
from tui.oci import media

PLACE: Final = "gallery/"
LATEST: Final = ("latest",)
PAIR: Final = ("linux/amd64", "linux/arm64")


def build(store: Store) -> None:
    _build_missing(store)
    _build_wrong(store)
    _build_attested(store)
    _build_shapes(store)
    _build_refusing(store)


def sample_image(name: str, where: str, style: Style = BUILDKIT, **more: Any) -> Image:
    """A small image that belongs to the sample `name`; its base layer is shared by all samples."""
    base = layer(
        "ADD base.tar.gz / # buildkit",
        {"bin/": b"", "bin/sh": noise(f"gallery sh {where}", 5_200 + 90 * len(where)), "etc/": b""},
        style,
    )
    own = layer(
        f"COPY {name} /usr/bin/{name} # buildkit",
        {f"usr/bin/{name}": noise(f"{name} {where}", 2_048 + 160 * len(name) + 30 * len(where))},
        style,
    )
    note = layer(
        f'RUN /bin/sh -c echo "{name}" > /etc/exhibit # buildkit', {"etc/exhibit": f"{name}\n".encode()}, style
    )
    return image(
        where,
        [base, step('CMD ["/bin/sh"]'), own, note, step(f'ENTRYPOINT ["/usr/bin/{name}"]')],
        style=style,
        settings={"Entrypoint": [f"/usr/bin/{name}"], "Labels": {"org.opencontainers.image.title": name}},
        **more,
    )


def pair(name: str) -> list[Image]:
    return [sample_image(name, where) for where in PAIR]


def _build_missing(store: Store) -> None:
    for name, lost in (("missing-layer", "layer"), ("missing-config", "config"), ("missing-platform", "manifest")):
        amd64, arm64 = pair(name)
        put_image(store, PLACE + name, amd64)
        if lost != "manifest":
            gone = arm64.layers[1] if lost == "layer" else arm64.config
            put_image(store, PLACE + name, arm64, without=(gone,))
        put_index(store, PLACE + name, index([amd64.entry(), arm64.entry()]), LATEST)
    name = "missing-statement"
    images, proofs = pair(name), []
    for one in images:
        put_image(store, PLACE + name, one)
        proofs.append(attest(one, PLACE + name))
    put_attestation(store, PLACE + name, proofs[0])
    put_attestation(store, PLACE + name, proofs[1], without=proofs[1].statements)
    _put_all(store, name, images, proofs)


def _build_wrong(store: Store) -> None:
    name = "wrong-platform"
    amd64 = sample_image(name, "linux/amd64")
    liar = sample_image(name + "-too", "linux/amd64", claims={"architecture": "arm64", "os": "linux"})
    _put_pair(store, name, [amd64, liar])

    name = "wrong-size"
    amd64 = sample_image(name, "linux/amd64")
    length = len(sample_image(name, "linux/arm64").layers[1].raw)
    _put_pair(store, name, [amd64, sample_image(name, "linux/arm64", lies={1: {"size": length + 1_000}})])

    name = "wrong-bytes"
    amd64, arm64 = pair(name)
    put_image(store, PLACE + name, amd64)
    put_image(store, PLACE + name, arm64, without=(arm64.manifest,))
    rotten = arm64.manifest.raw.replace(b'"schemaVersion": 2', b'"schemaVersion": 3')
    store.put_manifest(PLACE + name, rotten, arm64.manifest.media_type, digest=arm64.manifest.digest)
    put_index(store, PLACE + name, index([amd64.entry(), arm64.entry()]), LATEST)

    name = "wrong-type"
    images = pair(name)
    for one in images:
        put_image(store, PLACE + name, one)
    lie = images[1].entry(mediaType=media.DOCKER_MANIFEST)
    put_index(store, PLACE + name, index([images[0].entry(), lie]), LATEST)

    name = "not-json"
    amd64, arm64 = pair(name)
    put_image(store, PLACE + name, amd64)
    page = piece(b"<!doctype html>\n<title>502 Bad Gateway</title>\n", media.OCI_MANIFEST)
    store.put_manifest(PLACE + name, page.raw, page.media_type)
    entries = [amd64.entry(), page.descriptor(platform=dict(arm64.platform))]
    put_index(store, PLACE + name, index(entries), LATEST)


def _build_attested(store: Store) -> None:
    name = "orphan-attestation"
    images, proofs = pair(name), []
    replaced = sample_image(name + "-old", "linux/arm64")
    for one in [*images, replaced]:
        proof = attest(one, PLACE + name)
        put_attestation(store, PLACE + name, proof)
        proofs.append(proof)
    for one in images:
        put_image(store, PLACE + name, one)
    _put_all(store, name, images, proofs)

    name = "missing-attestation"
    images = pair(name)
    proof = attest(images[0], PLACE + name)
    put_attestation(store, PLACE + name, proof)
    for one in images:
        put_image(store, PLACE + name, one)
    _put_all(store, name, images, [proof])

    name = "dangling-subject"
    gone = sample_image(name + "-gone", "linux/amd64").manifest.descriptor()
    _put_pair(store, name, [sample_image(name, "linux/amd64", subject=gone), sample_image(name, "linux/arm64")])


def _build_shapes(store: Store) -> None:
    name = "duplicate-platform"
    _put_pair(store, name, [*pair(name), sample_image(name + "-again", "linux/amd64")])

    name = "nested"
    inner = pair(name)
    for one in inner:
        put_image(store, PLACE + name, one)
    child = index([one.entry() for one in inner])
    put_index(store, PLACE + name, child)
    outer = sample_image(name, "linux/riscv64")
    put_image(store, PLACE + name, outer)
    put_index(store, PLACE + name, index([outer.entry(), child.descriptor()]), LATEST)

    name = "mixed-types"
    _put_pair(store, name, [sample_image(name, "linux/amd64", DOCKER), sample_image(name, "linux/arm64")])

    name = "foreign-layer"
    _put_pair(store, name, [_windows()], DOCKER)

    put_index(store, PLACE + "empty-index", index([]), LATEST)

    name = "no-platform"
    images = pair(name)
    for one in images:
        put_image(store, PLACE + name, one)
    put_index(store, PLACE + name, index([one.manifest.descriptor() for one in images]), LATEST)

    name = "unknown-platform"
    images = [
        *pair(name),
        sample_image(name + "-extra", "linux/amd64", claims={"architecture": "unknown", "os": "unknown"}),
    ]
    _put_pair(store, name, images)

    name = "too-deep"
    one = sample_image(name, "linux/amd64")
    put_image(store, PLACE + name, one)
    deep = index([one.entry()])
    for _ in range(12):
        put_index(store, PLACE + name, deep)
        deep = index([deep.descriptor()])
    put_index(store, PLACE + name, deep, LATEST)


def _build_refusing(store: Store) -> None:
    for name in ("denied", "private", "limited", "slow", "counted"):
        _put_pair(store, name, pair(name))
    arm64 = sample_image("denied", "linux/arm64")
    store.repository(PLACE + "denied").quirks = Quirks(denied=frozenset({arm64.manifest.digest}))
    store.repository(PLACE + "private").access = Access.PRIVATE
    store.repository(PLACE + "limited").quirks = Quirks(
        limit_every=1,
        limited=frozenset({"blobs", "children"}),
        limit_message=HUB_MESSAGE,
        retry_after="900",
        pulls=100,
    )
    store.repository(PLACE + "slow").quirks = Quirks(latency=1.2)
    store.repository(PLACE + "counted").quirks = Quirks(
        pulls=30, pulls_window=60.0, retry_after="window", limit_message=HUB_MESSAGE
    )


def _windows() -> Image:
    base = layer("Apply image 10.0.20348.2700", {"Files/": b"", "UtilityVM/": b""}, DOCKER)
    assert base.piece is not None
    foreign = piece(
        base.piece.raw,
        media.DOCKER_FOREIGN_LAYER,
        urls=["https://mcr.microsoft.example/v2/windows/nanoserver/blobs/" + base.piece.digest],
    )
    own = layer(
        "cmd /S /C echo hello > hello.txt",
        {"Files/": b"", "Files/hello.txt": b"hello\r\n", "Hives/": b""},
        DOCKER,
    )
    return image(
        "windows/amd64",
        [type(base)(base.command, foreign, base.diff_id), own],
        style=DOCKER,
        settings={"Cmd": ["cmd"], "Env": [r"PATH=C:\Windows\system32;C:\Windows"]},
        os_version="10.0.20348.2700",
    )


def _put_pair(store: Store, name: str, images: Sequence[Image], style: Style = BUILDKIT) -> None:
    """Whole images and their index, tagged `latest`."""
    for one in images:
        put_image(store, PLACE + name, one)
    put_index(store, PLACE + name, index([one.entry() for one in images], style), LATEST)


def _put_all(store: Store, name: str, images: Sequence[Image], proofs: Sequence[Attestation]) -> None:
    """The index of images and attestations that are placed already."""
    entries = [one.entry() for one in images] + [proof.entry() for proof in proofs]
    put_index(store, PLACE + name, index(entries), LATEST)
