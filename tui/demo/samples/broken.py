"""One repository for each fault, below `gallery/`: the ones that a registry can really come to hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tui.demo.access import Access
from tui.demo.attest import Attestation, attest, put_attestation
from tui.demo.faults import HUB_MESSAGE
from tui.demo.images import (
    BUILDKIT,
    DOCKER,
    Image,
    Piece,
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
    _build_refused(store)


def sample_image(
    name: str, where: str, style: Style = BUILDKIT, *, environment: Sequence[str] | None = None, **more: Any
) -> Image:
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
        settings={
            "Entrypoint": [f"/usr/bin/{name}"],
            "Labels": {"org.opencontainers.image.title": name},
            **({"Env": list(environment)} if environment is not None else {}),
        },
        **more,
    )


def pair(name: str) -> list[Image]:
    return [sample_image(name, where) for where in PAIR]


def _build_missing(store: Store) -> None:
    for name, lost in (("missing-layer", "layer"), ("missing-config", "config")):
        images = pair(name)
        _put(store, name, images, without=(images[1].layers[1] if lost == "layer" else images[1].config,))

    name = "missing-platform"
    amd64, arm64 = pair(name)
    _put(store, name, [amd64], entries=[amd64.entry(), arm64.entry()])

    name = "missing-statement"
    images = pair(name)
    proofs = [attest(each, PLACE + name) for each in images]
    _put(store, name, images, proofs, without=proofs[1].statements)


def _build_wrong(store: Store) -> None:
    name = "wrong-platform"
    amd64 = sample_image(name, "linux/amd64")
    liar = sample_image(name + "-too", "linux/amd64", claims={"architecture": "arm64", "os": "linux"})
    _put(store, name, [amd64, liar])

    name = "wrong-size"
    length = len(sample_image(name, "linux/arm64").layers[1].raw)
    liar = sample_image(name, "linux/arm64", lies={1: {"size": length + 1_000}})
    _put(store, name, [sample_image(name, "linux/amd64"), liar])

    name = "wrong-bytes"
    amd64, arm64 = pair(name)
    _put(store, name, [amd64, arm64], without=(arm64.manifest,))
    rotten = arm64.manifest.raw.replace(b'"schemaVersion": 2', b'"schemaVersion": 3')
    store.put_manifest(PLACE + name, rotten, arm64.manifest.media_type, digest=arm64.manifest.digest)

    name = "wrong-type"
    amd64, arm64 = pair(name)
    _put(store, name, [amd64, arm64], entries=[amd64.entry(), arm64.entry(mediaType=media.DOCKER_MANIFEST)])

    name = "not-json"
    amd64, arm64 = pair(name)
    page = piece(b"<!doctype html>\n<title>502 Bad Gateway</title>\n", media.OCI_MANIFEST)
    store.put_manifest(PLACE + name, page.raw, page.media_type)
    _put(store, name, [amd64], entries=[amd64.entry(), page.descriptor(platform=dict(arm64.platform))])


def _build_attested(store: Store) -> None:
    name = "orphan-attestation"
    images = pair(name)
    replaced = sample_image(name + "-old", "linux/arm64")
    _put(store, name, images, [attest(each, PLACE + name) for each in (*images, replaced)])

    name = "missing-attestation"
    images = pair(name)
    _put(store, name, images, [attest(images[0], PLACE + name)])

    name = "dangling-subject"
    gone = sample_image(name + "-gone", "linux/amd64").manifest.descriptor()
    _put(store, name, [sample_image(name, "linux/amd64", subject=gone), sample_image(name, "linux/arm64")])


def _build_shapes(store: Store) -> None:
    name = "duplicate-platform"
    _put(store, name, [*pair(name), sample_image(name + "-again", "linux/amd64")])

    name = "nested"
    inner = pair(name)
    child = index([each.entry() for each in inner])
    put_index(store, PLACE + name, child)
    outer = sample_image(name, "linux/riscv64")
    _put(store, name, [*inner, outer], entries=[outer.entry(), child.descriptor()])

    name = "mixed-types"
    _put(store, name, [sample_image(name, "linux/amd64", DOCKER), sample_image(name, "linux/arm64")])

    _put(store, "foreign-layer", [_windows()], style=DOCKER)
    _put(store, "empty-index", [])

    name = "no-platform"
    images = pair(name)
    _put(store, name, images, entries=[each.manifest.descriptor() for each in images])

    name = "unknown-platform"
    nowhere = {"architecture": "unknown", "os": "unknown"}
    _put(store, name, [*pair(name), sample_image(name + "-extra", "linux/amd64", claims=nowhere)])

    name = "too-deep"
    image_below = sample_image(name, "linux/amd64")
    deep = index([image_below.entry()])
    for _ in range(12):
        put_index(store, PLACE + name, deep)
        deep = index([deep.descriptor()])
    put_image(store, PLACE + name, image_below)
    put_index(store, PLACE + name, deep, LATEST)


def _build_refusing(store: Store) -> None:
    for name in ("denied", "private", "limited", "slow", "counted"):
        _put(store, name, pair(name))
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


def _build_refused(store: Store) -> None:
    """All blobs are there, and clients refuse it, or some do: one tag of gallery/refused for each fault."""
    name = "refused"
    amd64 = sample_image(name, "linux/amd64")
    odd = {"mediaType": "application/vnd.example.layer.v1.tar+7z"}
    faults: dict[str, Image] = {
        "layer-count": sample_image(name, "linux/arm64", diff_ids=2),
        "layer-type": sample_image(name, "linux/arm64", lies={1: odd}),
        "schema-version": sample_image(name, "linux/arm64", root={"schemaVersion": None}),
        "environment": sample_image(name, "linux/arm64", environment=["PATH=/bin", "DEBUG"]),
        "no-layers": image("linux/arm64", [step('CMD ["/bin/sh"]')]),
        "no-architecture": sample_image(name, "linux/arm64", claims={"os": "linux", "architecture": ""}),
    }
    for tag, one in faults.items():
        _put(store, name, [amd64, one], tags=[tag])
    blob = amd64.layers[0].descriptor(platform={"architecture": "arm64", "os": "linux"})
    _put(store, name, [amd64], entries=[amd64.entry(), blob], tags=["no-manifest"])
    header = sample_image(name + "-header", "linux/amd64")
    put_image(store, PLACE + name, header, without=(header.manifest,))
    store.put_manifest(PLACE + name, header.manifest.raw, media.DOCKER_MANIFEST, ["content-type"])
    nobody = sample_image(name, "linux/amd64", claims={"architecture": "unknown", "os": "unknown"})
    _put(store, name, [nobody], tags=["nobody"])


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


def _put(
    store: Store,
    name: str,
    images: Sequence[Image],
    attestations: Sequence[Attestation] = (),
    *,
    entries: Sequence[Mapping[str, Any]] | None = None,
    style: Style = BUILDKIT,
    without: Sequence[Piece] = (),
    tags: Sequence[str] = LATEST,
) -> None:
    """Images and their attestations, all but `without`, and an index tagged `latest`, or `tags`: of all of them, if it
    is not said what its `entries` are."""
    for each in images:
        put_image(store, PLACE + name, each, without=without)
    for proof in attestations:
        put_attestation(store, PLACE + name, proof, without=without)
    if entries is None:
        entries = [*(each.entry() for each in images), *(proof.entry() for proof in attestations)]
    put_index(store, PLACE + name, index(entries, style), tags)
