"""What each kind of row is, in plain words with this row's own digests, tags and sizes in the sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui.explore.node import Kind, Node
from tui.explore.sums import image_size
from tui.oci.attestation import is_attestation
from tui.oci.manifest import ImageManifest
from tui.sources.base import SourceKind
from tui.teach import specs
from tui.teach.blob_words import config_words, layer_words, statement_words
from tui.teach.explanation import Words, bytes_of, digest_of, platform_of, repository_of, tag_above, type_of
from tui.text import plural, safe


def words_of(node: Node) -> Words:
    """The words about a row. Every kind has some; a test walks them all."""
    if node.kind is Kind.MANIFEST and node.is_index:
        return _index(node)  # opened by its digest, which does not tell what it is
    return _WORDS[node.kind](node)


def _source(node: Node) -> Words:
    return _SOURCES.get(node.source.kind, _image_on_disk)(safe(node.source.title))


def _registry(title: str) -> Words:
    what = (
        f"{title} is a registry: a web server that keeps images and hands them out over HTTP. It knows four "
        "things: repositories, tags, manifests and blobs. It does not know platforms or layers as such; "
        "those are written inside the manifests.",
        "Everything under a repository's tags is found by reading: a tag leads to a manifest, a manifest names "
        "others by their digests, and so on down to the layers.",
    )
    return (
        f"Registry {title}",
        what,
        "Every question about an image ends here: whether a blob exists is something only the registry can "
        "say, and only per repository.",
        (specs.DEFINITIONS, specs.PULL_MANIFEST),
    )


def _stored_lists(title: str) -> Words:
    what = (
        f"{title} holds the manifest lists that `docker manifest create` has made on this machine. They are "
        "files in Docker's configuration folder, not in any registry, and nobody else can see them until "
        "they are pushed.",
        "A list keeps the digests that its sources had when it was made. `docker manifest create --amend` "
        "adds to a list that is already stored; for a source that the list has already it asks the registry "
        "nothing and keeps the old digest, while it prints “Created manifest list” all the same.",
    )
    return (
        "Docker's local manifest lists",
        what,
        "A stored list that nobody remembers is the classic reason for “manifest blob unknown: blob unknown to "
        "registry”: the push sends digests that are long gone.",
        (specs.LOCAL_LISTS,),
    )


def _storage_folder(title: str) -> Words:
    what = (
        f"{title} is a registry's storage folder, read directly from disk and never written to. All bytes "
        "lie once under blobs/, named after their digest, whichever repository they belong to. A repository "
        "holds only small files called link: each says “this repository may use that digest”.",
        "So a blob can be on the disk and still be unknown to a repository: the link is what counts. A "
        "mount makes such a link, and costs no transfer.",
    )
    return (
        "A registry's storage folder",
        what,
        "It shows the difference that the HTTP interface hides: “gone” and “here, but not linked into this "
        "repository” both answer 404.",
        (specs.STORAGE, specs.MOUNT),
    )


def _image_on_disk(title: str) -> Words:
    what = (
        f"{title} is an image on disk: the same indexes, manifests and blobs that a registry holds, as files "
        "named after their digests.",
        "Nothing in it changes when it is copied to a registry: the digests are computed from the bytes, so they stay.",
    )
    return (
        f"Image on disk: {title}",
        what,
        "An image that is complete on disk can be compared with what the registry has, digest by digest.",
        (specs.LAYOUT,),
    )


_SOURCES: Mapping[SourceKind, Callable[[str], Words]] = {
    "registry": _registry,
    "docker-manifests": _stored_lists,
    "storage": _storage_folder,
}


def _repository(node: Node) -> Words:
    name = repository_of(node)
    tags = [child for child in node.children if child.kind is Kind.TAG]
    shown = f" {plural(len(tags), 'tag')} of it {'is' if len(tags) == 1 else 'are'} in the tree now." if tags else ""
    return (
        f"Repository {name}",
        (
            f"{name} is a repository: a name under which one registry keeps manifests, blobs and tags.{shown}",
            "Blobs and manifests belong to repositories. That another repository of the same registry has a blob "
            f"does not help {name}: asked for it here, the registry answers 404. A mount lends a blob from one "
            "repository to another without sending its bytes.",
            "In storage the registry keeps every blob once, however many repositories use it.",
        ),
        "Permissions, tags and the existence of every blob are decided per repository. Most “blob unknown” errors "
        "are about the right blob in the wrong repository.",
        (specs.DEFINITIONS, specs.MOUNT, specs.TAGS),
    )


def _tag(node: Node) -> Words:
    tag = safe(node.tag or node.label)
    name = f"{repository_of(node)}:{tag}"
    first = f"{tag} is a tag: a movable name. Today it points to {digest_of(node)} in repository {repository_of(node)}."
    move = (
        "Whoever may push can move it to another digest at any moment; the old manifest stays until it is cleaned up."
    )
    if node.index is not None:
        return (
            f"Tag {name}, which is an index",
            (
                f"{first} {move}",
                f"That digest is an index ({type_of(node)}, {bytes_of(node.size)}). {_index_counts(node)}",
                "A client that pulls this tag reads the index first, picks the entry for its platform, and only "
                "then fetches an image. So one tag serves every platform that is listed.",
            ),
            "A tag says nothing about completeness: the registry answers 200 for the tag even when a platform, a "
            "config or a layer below it is gone.",
            (specs.DEFINITIONS, specs.INDEX, specs.PULL_MANIFEST),
        )
    if isinstance(node.manifest, ImageManifest):
        platform = platform_of(node)
        built = f", built for {platform}" if platform else ""
        return (
            f"Tag {name}, which is one image",
            (
                f"{first} {move}",
                f"That digest is a single image{built} ({type_of(node)}, {bytes_of(node.size)}): "
                f"{_image_counts(node.manifest)}. There is no index, so every client gets this image, whatever its "
                "platform.",
            ),
            "Pulling it on another platform works and then fails at run time (“exec format error”), because nothing "
            "was there to choose from.",
            (specs.DEFINITIONS, specs.MANIFEST, specs.PULL_MANIFEST),
        )
    return (
        f"Tag {name}",
        (f"{first} {move}", "What it points to has not been read yet, or could not be read: open it to see."),
        "A tag is only a name. To be sure which bytes you get, use the digest.",
        (specs.DEFINITIONS, specs.PULL_MANIFEST),
    )


def _index_counts(node: Node) -> str:
    index = node.index
    if index is None:
        return "It has not been read yet."
    attestations = sum(1 for entry in index.entries if is_attestation(entry))
    images = len(index.entries) - attestations
    if not index.entries:
        return "It lists nothing."
    listed = f"It lists {plural(images, 'image')}"
    if attestations:
        listed += f" and {plural(attestations, 'attestation')}"
    return f"{listed}, each by digest, size, media type and platform."


def _image_counts(manifest: ImageManifest) -> str:
    layers = plural(len(manifest.layers), "layer")
    config = "one config" if manifest.config is not None else "no config"
    return f"{config} and {layers}, {bytes_of(image_size(manifest))} together"


def _why_nested(node: Node) -> str:
    if node.index is None or not any(is_attestation(entry) for entry in node.index.entries):
        return ""
    return (
        "That is what a newer Docker makes of a single platform: the image and its attestation are two manifests, and "
        "an index holds them together. "
    )


def _index(node: Node) -> Words:
    nested = any(above.is_index for above in node.ancestors())
    what: tuple[str, ...] = (
        f"{digest_of(node)} is an index ({bytes_of(node.size)}; Docker says manifest list): a small JSON document "
        f"that lists manifests, one entry for each platform. {_index_counts(node)}",
        "It holds no layers and no files, only descriptors: media type, digest, size, platform. Its own digest is "
        "computed from its bytes, so changing one entry gives another index with another digest.",
    )
    if nested:
        what += (
            f"It stands inside another index. {_why_nested(node)}The specification allows nesting, but "
            "`docker manifest create` refuses it (“… is a manifest list”), and many clients do not look inside.",
        )
    return (
        "Index inside an index" if nested else "Index",
        what,
        "The index is what makes an image multi-platform. If one of its entries is gone, only that platform breaks, "
        "and only for those who need it; everybody else sees nothing.",
        (specs.INDEX, specs.DESCRIPTOR),
    )


def _manifest(node: Node) -> Words:
    platform = platform_of(node) or "a platform that the index does not name"
    what = [
        f"{digest_of(node)} is the image manifest for {platform} ({type_of(node)}, {bytes_of(node.size)}). "
        "It is what a client fetches after it has chosen from the index.",
    ]
    if isinstance(node.manifest, ImageManifest):
        what.append(
            f"It names {_image_counts(node.manifest)}. The order of the layers is the order in which they are "
            "unpacked: the base first."
        )
    else:
        what.append("It has not been read yet, or could not be read: open it to see its config and its layers.")
    tag = tag_above(node)
    if tag is not None and tag.tag:
        what.append(
            f"Its platform, {platform}, is written in the index and not in the manifest; inside the image the config "
            "says it once more, and the two should agree."
        )
    return (
        f"Image manifest for {platform}",
        tuple(what),
        "This digest is what a deployment pins when it wants exactly this platform's image. Its size here is that "
        "of the JSON; the image's size is that of config and layers together.",
        (specs.MANIFEST, specs.DESCRIPTOR),
    )


def _attestation(node: Node) -> Words:
    subject = str(node.subject) if node.subject is not None else ""
    about = f"It describes the image {subject}" if subject else "It does not say which image it describes"
    platform = next((platform_of(above) for above in node.ancestors() if above.kind is Kind.MANIFEST), "")
    if platform and subject:
        about += f", which is {platform} of this index"
    return (
        f"Attestation of {platform}" if platform else "Attestation",
        (
            f"{digest_of(node)} ({bytes_of(node.size)}) is an attestation manifest: BuildKit stores here how an "
            f"image was built (provenance) or what is in it (SBOM). {about}, by the annotation "
            "vnd.docker.reference.digest.",
            "Its platform is unknown/unknown on purpose: no client can match it, so nobody pulls it by accident. "
            "Other tools show it as a mysterious extra platform. It never runs.",
            "Because there are two manifests to keep together, even an image for a single platform becomes an index "
            "as soon as it has an attestation.",
        ),
        "A pull works without it, but policies that demand provenance or an SBOM do not. When a platform is "
        "replaced in a list, its attestation has to be replaced with it.",
        (specs.ATTESTATION, specs.INDEX),
    )


def _referrers(node: Node) -> Words:
    image = node.image() or node.parent
    about = f" {digest_of(image)}" if image is not None and image.digest is not None else " this manifest"
    return (
        "Referrers",
        (
            f"Referrers are manifests that name{about} as their subject: signatures, SBOMs, scan results. They point "
            "at the image; the image does not know of them, so adding one does not change the image's digest.",
            "A registry lists them at /v2/NAME/referrers/DIGEST. Registries without that interface get the same "
            "list under a tag named after the digest (sha256-…), which is why such tags turn up in tag lists.",
        ),
        "They follow the digest and not the tag: move the tag to a new digest, and the signatures stay with the old "
        "one.",
        (specs.REFERRERS, specs.ARTIFACT),
    )


def _referrer(node: Node) -> Words:
    artifact = ""
    if node.descriptor is not None and node.descriptor.artifact_type:
        artifact = f" of type {safe(node.descriptor.artifact_type)}"
    subject = f" Its subject is {node.subject}." if node.subject is not None else ""
    return (
        f"Referrer{artifact}",
        (
            f"{digest_of(node)} ({bytes_of(node.size)}) is a manifest{artifact} that names another one as its subject."
            f"{subject}",
            "It was attached after the image was pushed, and it is in the same repository. fanfold shows that it is "
            "there; it does not verify signatures.",
        ),
        "A copy of an image does not take its referrers along unless the tool is told to.",
        (specs.REFERRERS, specs.ARTIFACT),
    )


def _group(node: Node) -> Words:
    return (
        "Tags that are digests",
        (
            f"{node.label}: these tags of {repository_of(node)} are named after digests (sha256-…). Tools made them "
            "to attach signatures and attestations where the registry does not list referrers.",
            "They are folded away because nobody pulls them by hand; open the row to see them.",
        ),
        "Clean-up jobs that delete “old” or “odd” tags often hit exactly these, and take the signatures with them.",
        (specs.REFERRERS, specs.TAGS),
    )


def _more(node: Node) -> Words:
    return (
        "There is more",
        (
            f"{node.label}: the list of {repository_of(node)} goes on. Registries hand out long lists page by page, "
            "and fanfold makes rows only for what is asked for.",
        ),
        "A list that was not read to its end proves nothing about what is not in it.",
        (specs.TAGS,),
    )


def _fault(node: Node) -> Words:
    error = node.error.sentence if node.error is not None else f"{node.label.rstrip('.')}. {node.note}".strip()
    return (
        "This could not be followed",
        (
            f"Where this row stands, something could not be shown: {error}",
            "The rows beside it are not affected: each is asked on its own.",
        ),
        "One failure must not hide the rest, and what could not be read is never taken for missing.",
        (specs.ERRORS,),
    )


_WORDS: dict[Kind, Callable[[Node], Words]] = {
    Kind.SOURCE: _source,
    Kind.REPOSITORY: _repository,
    Kind.TAG: _tag,
    Kind.INDEX: _index,
    Kind.MANIFEST: _manifest,
    Kind.ATTESTATION: _attestation,
    Kind.CONFIG: config_words,
    Kind.LAYER: layer_words,
    Kind.STATEMENT: statement_words,
    Kind.REFERRERS: _referrers,
    Kind.REFERRER: _referrer,
    Kind.GROUP: _group,
    Kind.MORE: _more,
    Kind.FAULT: _fault,
}
