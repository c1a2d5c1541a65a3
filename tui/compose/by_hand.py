"""What lines of other tools are made of: words that a shell reads as meant, and each tool's flags for a registry."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from tui.compose.plan import Action, How, Plan
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index, decode
from tui.oci.reference import is_loopback
from tui.registry.access import Access, Hosts
from tui.sources.location import RepositoryLocation
from tui.sources.spec import locate
from tui.text import plural

#: A manifest of more bytes is not written into a command line.
MOST_BYTES = 32 * 1024
#: Nor is a longer line shown: no program takes it.
LONGEST = 100_000
#: What a line that writes the bytes themselves promises.
SAME = "The same bytes, so the same digest."
OTHER = "Other bytes, so another digest."

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Equivalent:
    """One tool's way. `line` is safe to paste into a shell, may hold several lines, and is "" where the tool cannot.

    `note` (safe) says what is different then: what is lost, what is not checked.
    """

    tool: str
    title: str
    line: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """How the registries of a plan are reached: `hosts` are the client's settings."""

    hosts: Hosts | None = None

    def of(self, registry: str) -> Access:
        """One registry."""
        return Access.of(registry, self.hosts)

    def of_homes(self, *homes: RepositoryLocation) -> tuple[Access, ...]:
        """Each registry of these homes once."""
        return tuple(self.of(name) for name in dict.fromkeys(home.registry for home in homes) if name is not None)


# --- words -----------------------------------------------------------------------------------------------------------


def word(text: str) -> str:
    """One word. One that holds control characters is written as bash, zsh and ksh write it: `$'…'`."""
    if not _CONTROL.search(text):
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\047")
    return "$'" + _CONTROL.sub(lambda found: "".join(f"\\{byte:03o}" for byte in found[0].encode()), escaped) + "'"


def line(*words: str) -> str:
    """Words as one command."""
    return " ".join(word(each) for each in words)


def block(lines: Iterable[str]) -> str:
    """Lines of which each is run only if those before it worked."""
    return " &&\n".join(lines)


def piped(raw: bytes, *words: str) -> str:
    """A command that gets exactly these bytes. Any POSIX shell has printf and its %b."""
    text = raw.decode("latin-1").replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    text = "".join(each if " " <= each <= "~" else f"\\0{ord(each):03o}" for each in text)
    return f"printf %b {shlex.quote(text)} | {line(*words)}"


# --- flags -----------------------------------------------------------------------------------------------------------


def crane(*accesses: Access) -> tuple[str, ...]:
    """crane has one flag, for plain http and TLS alike, and for every registry of the line."""
    return ("--insecure",) if any(access.untrusted for access in accesses) else ()


def crane_note(*accesses: Access) -> str:
    """What the one flag does to the other registry."""
    mixed = len({access.untrusted for access in accesses}) > 1
    return "--insecure holds for both registries." if mixed else ""


def docker(access: Access) -> tuple[str, ...]:
    return ("--insecure",) if access.untrusted else ()


def oras(access: Access, side: str = "") -> tuple[str, ...]:
    """`side` is "from-" or "to-" where the two registries of a line have flags of their own."""
    return (f"--{side}plain-http",) if access.plain_http else (f"--{side}insecure",) if access.insecure else ()


def skopeo(access: Access, side: str = "") -> tuple[str, ...]:
    return (f"--{side}tls-verify=false",) if access.untrusted else ()


def regctl(*accesses: Access) -> tuple[str, ...]:
    """The program with what it has to know of each registry."""
    words = ["regctl"]
    for access in accesses:
        tls = "disabled" if access.plain_http else "insecure" if access.insecure else ""
        words += ["--host", f"reg={access.registry},tls={tls}"] if tls else []
    return tuple(words)


def curl(access: Access, *words: str) -> tuple[str, ...]:
    insecure = ("--insecure",) if access.insecure and not access.plain_http else ()
    return ("curl", "--fail", "--silent", "--show-error", *insecure, *words)


def curl_note(access: Access) -> str:
    return "" if is_loopback(access.registry) else "It sends no login."


def buildx_note(*accesses: Access) -> str:
    """buildx has no flag for a registry: loopback is asked by plain http, every other one by verified TLS."""
    for access in accesses:
        if is_loopback(access.registry):
            if not access.plain_http:
                return "On loopback it speaks plain HTTP only, unless the builder's buildkitd.toml says otherwise."
        elif access.untrusted:
            how = "speak plain HTTP" if access.plain_http else "take a certificate that is not verified"
            return f"It has no flag to {how}: that takes the builder's buildkitd.toml."
    return ""


def notes(*said: str) -> str:
    """What there is to say, as one text."""
    return " ".join(each for each in said if each)


# --- what a plan holds -----------------------------------------------------------------------------------------------


def manifest_of(plan: Plan) -> AnyManifest | None:
    """What the tag will hold."""
    if plan.raw is None:
        return None
    try:
        return decode(plan.raw, plan.media_type)
    except OciError:
        return None


def index_of(plan: Plan) -> Index | None:
    found = manifest_of(plan)
    return found if isinstance(found, Index) else None


def homes_of(plan: Plan) -> dict[Digest, RepositoryLocation]:
    """Where each object can be had now: in the target if it is there, else where the plan takes it from."""
    here = RepositoryLocation.of(plan.target)
    return {
        each.digest: here if each.how is How.PRESENT or each.source is None else each.source for each in plan.objects
    }


def holes(plan: Plan) -> int:
    """How many missing objects are below a manifest that the target has: most tools take it for complete then."""
    needed = {each.digest for each in plan.objects if each.how in (How.MOUNT, How.COPY, How.PUT)}
    if not needed:
        return 0
    whole_copy = plan.action is Action.COPY and plan.before == plan.digest
    put = [] if whole_copy else [manifest_of(plan)]
    covered: set[Digest] = set()
    for each in plan.objects:
        if each.kind == "referrer":
            covered.add(each.digest)
        if each.how is How.PUT and each.raw is not None:
            put.append(_decoded(each.raw, each.media_type))
    for manifest in put:
        if isinstance(manifest, Index):
            covered |= {entry.digest for entry in manifest.entries}
        elif isinstance(manifest, ImageManifest):
            covered |= {blob.digest for blob in manifest.layers}
            covered |= {manifest.config.digest} if manifest.config is not None else set()
    return len(needed - covered)


def hole_note(count: int) -> str:
    verb = "stays" if count == 1 else "stay"
    return f"It takes a manifest that is there for complete: {plural(count, 'object')} below one {verb} missing."


def _decoded(raw: bytes, media_type: str) -> AnyManifest | None:
    try:
        return decode(raw, media_type)
    except OciError:
        return None


def source_home(plan: Plan) -> RepositoryLocation:
    """Where a copied manifest is read from."""
    for source in plan.sources.values():
        try:
            return locate(source)[0]
        except OciError:
            continue
    return next((each.source for each in plan.objects if each.source is not None), RepositoryLocation.of(plan.target))
