"""What each finding code means, at length: data, one entry a code of `explore.codes`; a test holds the two together.

`what` says what the finding means and how it comes about; `why` whom it hurts and how they notice; `specs` where the
rule stands that is broken.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.teach import specs
from tui.teach.specs import Spec


@dataclass(frozen=True, slots=True)
class Cause:
    """The explanation of one finding code; all of it is our own, safe text."""

    what: tuple[str, ...]
    why: str
    specs: tuple[Spec, ...]


CAUSES: dict[str, Cause] = {
    "missing-blob": Cause(
        (
            "A manifest names a config or layer by its digest, and the repository answers 404 for it. The manifest "
            "is intact; what it points to is gone, or was never in this repository.",
            "Usual causes: garbage collection or a clean-up job ran while the manifest was still in use; the image "
            "was pushed to another repository; a push was cut short on a registry that does not check; the storage "
            "lost a file.",
        ),
        "`docker pull` prints “unknown blob” without saying which one, and only after it has downloaded the other "
        "layers. Pushing a list over such an image may even succeed, because registries check the listed manifests "
        "and not their layers.",
        (specs.EXISTS, specs.PULL_BLOB),
    ),
    "missing-manifest": Cause(
        (
            "The index lists this manifest, and the repository answers 404 for it. The index itself still answers "
            "200, so the tag looks healthy.",
            "Usual causes: a clean-up job deletes “untagged” manifests, and the platforms of an index have no tags "
            "of their own; the registry's garbage collector (distribution 2.8 with -m) does the same; somebody "
            "deleted it by digest; or the image was built and pushed anew and the list was not recreated.",
        ),
        "Only clients of that platform fail. Docker's message names the tag, which is there, and not the manifest "
        "that is gone. A push of a list with this entry is refused with “manifest blob unknown”.",
        (specs.EXISTS, specs.INDEX),
    ),
    "size-mismatch": Cause(
        (
            "A descriptor promises a size in bytes, and the registry serves another. Either the descriptor was "
            "written wrongly (registries accept that without a word) or the content was cut short.",
        ),
        "Clients that check sizes, containerd among them, refuse the content; others pull it. So it breaks on one "
        "machine and works on the next.",
        (specs.DESCRIPTOR, specs.VERIFICATION),
    ),
    "digest-mismatch": Cause(
        (
            "The bytes that were served do not hash to the digest that was asked for. A digest is the hash of the "
            "content, so this can never be right: the storage is damaged, or something on the way changes the bytes.",
        ),
        "Every client refuses such content, and should. Treat it as damage or tampering until you know better.",
        (specs.VERIFICATION, specs.DIGESTS),
    ),
    "cycle": Cause(
        (
            "Following the entries leads back to an index that we came from. With real hashes that cannot be built, "
            "because an index would have to contain the hash of itself; so some digest on the way was not, or could "
            "not be, verified.",
        ),
        "A client that follows it blindly never ends.",
        (specs.INDEX, specs.VERIFICATION),
    ),
    "too-deep": Cause(
        (
            "The indexes are nested further, or hold more objects, than fanfold follows at once. It stops and says "
            "so, rather than to go on for ever or to leave something out silently.",
        ),
        "Below this point nothing is known, so the verdict cannot be complete. Few clients would come this far.",
        (specs.INDEX,),
    ),
    "invalid-manifest": Cause(
        (
            "What was served under this digest or tag cannot be read as a manifest without guessing: malformed "
            "JSON, a field twice, an old schema 1 document, or one that is an index and an image at the same time.",
            "A document that can be read in two ways is dangerous (CVE-2021-41190): two clients would pull "
            "different images from one digest. That is why fanfold shows its JSON and does nothing else with it.",
        ),
        "Some clients refuse it, others make something of it. Nobody can say what they run.",
        (specs.MEDIA_CONFLICTS, specs.MANIFEST),
    ),
    "denied": Cause(
        (
            "The registry answered 401 or 403: it does not let us look. That is not “missing”. Registries hide what "
            "you may not see, so to somebody without permission the two can look the same.",
            "Usual causes: no login, an expired or wrong login, a token without permission for this repository; or a "
            "repository that does not exist, on registries that answer 403 for those.",
        ),
        "Nothing can be said about the objects. A tool that calls this “missing” sends people to repair what is not "
        "broken.",
        (specs.ERRORS, specs.EXISTS),
    ),
    "unreachable": Cause(
        (
            "The question went out and no usable answer came back: a time-out, a broken connection, a failed TLS "
            "handshake, a server error, or a web page where a registry should be.",
        ),
        "It says nothing about the object. Ask again before you conclude anything; the request log shows what came "
        "back.",
        (specs.EXISTS,),
    ),
    "limited": Cause(
        (
            "The registry answered 429 Too Many Requests. Docker Hub counts a pull for each manifest that is "
            "fetched with GET; HEAD requests and blobs are not counted. Other registries count requests per second.",
            "After a 429 fanfold stops asking that host until the time has passed that the registry named "
            "(Retry-After), and shows the countdown.",
        ),
        "Retrying at once makes it worse: the limit is per account, or per address for those who have not logged "
        "in, and everybody behind the same address shares it.",
        (specs.RATE_LIMIT, specs.HTTP_RETRY_AFTER),
    ),
    "media-type-mismatch": Cause(
        (
            "The descriptor says one media type and the manifest that it names says another. Registries accept that "
            "without checking.",
        ),
        "Clients use the type to decide how to read the content; strict ones refuse to go on when the two differ.",
        (specs.DESCRIPTOR, specs.MEDIA_CONFLICTS),
    ),
    "platform-mismatch": Cause(
        (
            "The index says that this entry is for one platform, and the config inside the image says another. The "
            "index decides who gets the image; the config tells what it was built for. No registry compares them.",
            "Usual causes: a list annotated by hand with the wrong --arch; a build that silently produced the "
            "builder's own platform.",
        ),
        "The pull succeeds, and the program then dies with “exec format error”, or runs slowly under emulation.",
        (specs.INDEX, specs.CONFIG),
    ),
    "duplicate-platform": Cause(
        (
            "Two entries of the index are for the same platform. Clients take the first that fits, so the second is "
            "dead weight, or the first is, when the second was meant to replace it.",
            "`docker manifest create --amend`, `docker buildx imagetools create --append` and `crane index append` "
            "all add an entry; none of them replaces one.",
        ),
        "An update that was pushed correctly has no effect, and nothing says why.",
        (specs.INDEX,),
    ),
    "stale-entry": Cause(
        (
            "This entry came from a tag, and the tag points to another digest now: the image was built and pushed "
            "again after the list was made. The list still names the old image.",
        ),
        "People who pull the list get the old image, while people who pull the platform's tag get the new one. When "
        "the old image is cleaned up, the list breaks.",
        (specs.INDEX, specs.DEFINITIONS),
    ),
    "stale-local-list": Cause(
        (
            "`docker manifest create` stored this list in Docker's configuration folder, and it does not agree with "
            "the registry: entries have moved or are gone, or the tag holds another list.",
            "With --amend, sources that the list has already are not looked up again: no request is made, the old "
            "digest stays, and the command prints “Created manifest list”. Without --amend it refuses, which is the "
            "better answer.",
        ),
        "`docker manifest push` sends the stored list as it is. If the old manifests are gone the registry refuses "
        "it with “manifest blob unknown: blob unknown to registry”; if they are still there, the old images are "
        "published again.",
        (specs.LOCAL_LISTS, specs.PUSH_MANIFEST),
    ),
    "orphan-attestation": Cause(
        (
            "An attestation says by vnd.docker.reference.digest which image it describes, and that image is not in "
            "this index. Tools that replace a platform often leave its attestation behind.",
        ),
        "It proves nothing about the image that is there now; a policy that looks for provenance finds none, or the "
        "wrong one.",
        (specs.ATTESTATION, specs.INDEX),
    ),
    "dangling-subject": Cause(
        (
            "This manifest names another one as its subject, and that one is not in this repository. The "
            "specification allows it, so that a signature may be pushed before the image.",
        ),
        "If nothing arrives any more, the signature or SBOM speaks about something that nobody can fetch here.",
        (specs.MANIFEST, specs.REFERRERS),
    ),
    "not-in-this-repository": Cause(
        (
            "The object is missing here and present in another repository of the same registry. The registry keeps "
            "the bytes once, but a repository sees only what was pushed or mounted into it.",
            "Usual cause: the platforms were pushed to repositories of their own (app/amd64, app/arm64) and the "
            "list to their parent (app).",
        ),
        "Pull and push in this repository fail with “unknown”, though everything is one directory away. A mount "
        "fixes it with one request for each blob and no transfer.",
        (specs.MOUNT, specs.EXISTS),
    ),
    "empty-index": Cause(
        ("The index has no entries. The specification allows that, and registries store it.",),
        "No client finds its platform: “no matching manifest”.",
        (specs.INDEX,),
    ),
    "nested-index": Cause(
        (
            "An entry of this index is itself an index. It happens when an image that was pushed as an index is "
            "added to a list whole: since BuildKit adds provenance by default and Docker 29 keeps it, even a build "
            "for one platform is an index of two manifests, the image and its attestation.",
        ),
        "The specification says that clients should support nesting, and many do not. `docker manifest create` "
        "refuses such a source with “… is a manifest list”; `docker buildx imagetools create` and fanfold unwrap it.",
        (specs.INDEX, specs.ATTESTATION),
    ),
    "mixed-media-types": Cause(
        (
            "Some entries are OCI manifests and others are Docker's (schema 2). The two are nearly the same "
            "document under two names, and current clients read both.",
        ),
        "Older registries and strict tools accept only one family, and Docker's own list format cannot carry "
        "annotations.",
        (specs.COMPATIBILITY, specs.INDEX),
    ),
    "foreign-layer": Cause(
        (
            "The manifest marks this layer as non-distributable: its licence forbids handing it on (base layers of "
            "Windows images), so it is not in the registry and clients fetch it from the addresses in its "
            "descriptor.",
        ),
        "Nothing is wrong, unless the machines that pull cannot reach those addresses.",
        (specs.FOREIGN, specs.DESCRIPTOR),
    ),
    "missing-attestation": Cause(
        (
            "Other platforms of this index have an attestation and this one has none. It was built elsewhere, or with "
            "--provenance=false, or by an engine that cannot keep one.",
        ),
        "The image works. Only a policy that demands provenance for every platform will complain.",
        (specs.ATTESTATION,),
    ),
    "unknown-platform": Cause(
        (
            "The entry's platform is unknown/unknown, and nothing marks it as an attestation. Tools that copy an "
            "index without its annotations turn attestations into this.",
        ),
        "No client will choose it. If it is an image it can only be pulled by digest; if it was an attestation, "
        "nobody can tell any more what it describes.",
        (specs.INDEX, specs.ATTESTATION),
    ),
    "no-platform": Cause(
        (
            "The entry names no platform. The specification calls it optional, and says that it should be there for "
            "images that are bound to a platform.",
        ),
        "Clients cannot choose such an entry by platform: some skip it, others take it for theirs.",
        (specs.INDEX,),
    ),
}
