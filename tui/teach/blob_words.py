"""What the blobs are, config, layer and statement, in plain words with this row's own values in the sentences."""

from __future__ import annotations

from tui.explore.node import Node
from tui.oci import media
from tui.oci.manifest import ImageManifest
from tui.teach import specs
from tui.teach.explanation import Words, bytes_of, digest_of, platform_of, type_of
from tui.text import plural, safe


def config_words(node: Node) -> Words:
    image = node.image()
    platform = platform_of(node)
    what = [
        f"{digest_of(node)} ({bytes_of(node.size)}) is the config: a JSON blob that says how the image is to be run "
        "(user, entrypoint, command, environment), for which platform it was built, and which commands made its "
        "layers.",
        "Its digest is the image ID: what `docker images` and `docker inspect` print on a machine that has pulled "
        "the image (up to Docker 28; from 29 on they print the digest that was pulled). It appears in no reference, "
        "so it can never be pulled by it.",
    ]
    if image is not None and isinstance(image.manifest, ImageManifest):
        what.append(
            f"It also lists one diff_id for each of the {plural(len(image.manifest.layers), 'layer')}: the digest of "
            "the layer unpacked. The manifest's layer digests are of the compressed bytes, which is why the two "
            "never match."
        )
    return (
        f"Config of {platform}" if platform else "Config",
        tuple(what),
        "Without its config an image cannot be started at all, so a missing config breaks the pull before the first "
        "layer.",
        (specs.CONFIG, specs.IMAGE_ID, specs.PULL_BLOB),
    )


def layer_words(node: Node) -> Words:
    image = node.image()
    number = node.position + 1
    of = ""
    if image is not None and isinstance(image.manifest, ImageManifest):
        of = f" of {len(image.manifest.layers)}"
    platform = platform_of(node)
    for_platform = f" of the image for {platform}" if platform else ""
    what = [
        f"{digest_of(node)} is layer {number}{of}{for_platform}: {bytes_of(node.size)} of archive "
        f"({type_of(node)}) with the files that one build step added, changed or deleted.",
    ]
    if node.note:
        what.append(f"The config's history says that this made it: {node.note}")
    if media.is_foreign_layer(node.media_type) or (node.descriptor is not None and node.descriptor.urls):
        urls = ", ".join(safe(url) for url in node.descriptor.urls) if node.descriptor is not None else ""
        what.append(
            "It is a foreign layer: its licence forbids handing it on, so registries may leave it out"
            + (f" and clients fetch it from {urls}." if urls else " and clients fetch it from its makers.")
        )
    what.append(
        "Layers are shared: any image with the same bytes in a layer uses the same blob, and a client that has it "
        "already does not download it again."
    )
    return (
        f"Layer {number}{of}{for_platform}",
        tuple(what),
        "All layers are needed to unpack the image. One missing layer stops the pull, and it does so late, after "
        "the other layers have been downloaded.",
        (specs.FOREIGN, specs.LAYER) if media.is_foreign_layer(node.media_type) else (specs.LAYER, specs.PULL_BLOB),
    )


def statement_words(node: Node) -> Words:
    predicate = safe(node.statement.predicate_type) if node.statement is not None else node.note
    kind = f" Its predicate type is {predicate}." if predicate else ""
    return (
        "In-toto statement",
        (
            f"{digest_of(node)} ({bytes_of(node.size)}) is a statement: a JSON blob that says something about "
            f"images, named by their digests as its subjects.{kind}",
            "SLSA provenance tells how and from what the image was built; an SPDX document lists the packages in it "
            "(SBOM).",
        ),
        "It is what scanners and admission policies read. It can be gone without anybody noticing until a policy asks.",
        (specs.STATEMENT, specs.ATTESTATION),
    )
