"""Image references as Docker reads them (distribution/reference, normalize.go), checked a little harder.

Docker's grammar lets through hosts that cannot be connected to (`foo_bar.com/app` leaves an empty one); here the
host is checked too, and each refusal says what the text looks like instead.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, replace

from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest, MalformedReference
from tui.text import safe, without_login

DOCKER_HUB = "docker.io"
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_HUB_PAGES = frozenset({"hub.docker.com", "www.docker.com", "docker.com"})
_LONGEST_PATH = 255

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?P<name>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?", re.ASCII)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_IMAGE_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BARE_DIGEST = re.compile(r"(sha256|sha512|sha384|blake3|md5):[^/@]*", re.ASCII)
_SCHEME = re.compile(r"(https?|docker|oci)://", re.ASCII | re.IGNORECASE)
# Names of transports of skopeo, regctl and of fanfold itself: a path follows, not a tag.
_TRANSPORT = re.compile(
    r"(ocidir|oci-archive|oci|docker-archive|docker-daemon|docker-manifests|containers-storage|storage|dir):.*",
    re.ASCII | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A registry, a repository in it, and a tag or a digest or both (then the digest is what is fetched).

    `explicit` is False when neither tag nor digest was written and the tag is the default. `note` says, in safe text,
    what `from_input` left out; it and `explicit` do not take part in comparisons.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None
    explicit: bool = field(default=True, compare=False)
    note: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference exactly as `docker` does; a scheme or a blank around it is an error, as there.

        Raises MalformedReference, which says what the text looks like and what to write.
        """
        if not isinstance(text, str):
            raise MalformedReference("An image reference is text such as ubuntu:24.04.")
        return _parse(text)

    @classmethod
    def from_input(cls, text: str) -> Reference:
        """Read what somebody typed or pasted: blanks around it and a scheme before it are left out, with a note."""
        stripped = text.strip()
        match = _SCHEME.match(stripped)
        if match is None:
            return cls.parse(stripped)
        rest = stripped[match.end() :]
        _refuse_url_parts(stripped, rest)
        host, _, path = rest.partition("/")
        if match[1].lower() == "oci" and not re.search(r"[.:]", host) and host != "localhost":
            raise MalformedReference(f"“{safe(stripped, limit=200)}” is no registry; write a layout as oci:PATH.")
        if host.lower() in _HUB_PAGES:
            raise MalformedReference(_hub_page(path))
        return replace(cls.parse(rest.rstrip("/")), note=f"left out the scheme {match[0].lower()}")

    @property
    def name(self) -> str:
        """Registry and repository: `docker.io/library/ubuntu`."""
        return f"{self.registry}/{self.repository}"

    @property
    def selector(self) -> str:
        """What a manifest is asked by: the digest if there is one, else the tag."""
        return str(self.digest) if self.digest else self.tag or "latest"

    @property
    def familiar(self) -> str:
        """As Docker's users write it, `ubuntu:24.04`, where that is read back as the same reference."""
        if self.registry != DOCKER_HUB:
            return str(self)
        path = self.repository
        rest = path.removeprefix("library/")
        short = (rest if "/" not in rest else path) + self._suffix()
        try:
            return short if _parse(short) == _parse(str(self)) else str(self)
        except MalformedReference:
            return str(self)

    def with_tag(self, tag: str) -> Reference:
        """The same repository by tag, without a digest."""
        if not is_tag(tag):
            raise MalformedReference(f"“{safe(tag, limit=160)}” is not a tag; {_TAG_RULE}")
        return replace(self, tag=tag, digest=None, explicit=True, note="")

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name + self._suffix()


_LOGIN_RULE = "a user name or password has no place in a reference; log in with `docker login` instead."
_TAG_RULE = "a tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'."


def _parse(text: str) -> Reference:
    shown = safe(text, limit=200)
    _refuse_other_kinds(text, shown)
    registry, remainder = _split(text)
    remainder, at, digest_text = remainder.partition("@")
    path, colon, tag = remainder.partition(":")
    _check_host(registry, shown)
    _check_path(path, shown)
    if colon and not is_tag(tag):
        raise MalformedReference(f"“{shown}”: “{safe(tag, limit=160)}” is not a tag; {_TAG_RULE}")
    digest = _digest(digest_text, shown) if at else None
    explicit = bool(colon or at)
    return Reference(registry, path, tag if colon else None if at else "latest", digest, explicit)


def _split(text: str) -> tuple[str, str]:
    """Registry and the rest, by Docker's rule: the first part is a host only if it cannot be a path component."""
    first, slash, rest = text.partition("/")
    if not slash:
        return DOCKER_HUB, f"library/{text}"
    if first == "localhost" or "." in first or ":" in first or first.lower() != first:
        registry, rest = (DOCKER_HUB, rest) if first == "index.docker.io" else (first, rest)
        if registry == DOCKER_HUB and "/" not in rest:
            rest = f"library/{rest}"
        return registry, rest
    return DOCKER_HUB, text


def _refuse_other_kinds(text: str, shown: str) -> None:
    if not text:
        raise MalformedReference("An image reference is missing; write one such as ubuntu:24.04.")
    if text.strip() != text or any(char.isspace() for char in text):
        raise MalformedReference(f"“{shown}” has a blank in it, or a line end; a reference has none.")
    front, at, _ = (masked := without_login(text)).rpartition("…@")
    if at and ("/" in masked or "/" in text.removeprefix(front)):
        raise MalformedReference(f"“{safe(masked, limit=200)}”: {_LOGIN_RULE}")
    if _SCHEME.match(text):
        raise MalformedReference(f"“{shown}” begins with a scheme; a reference has none. Write it without.")
    if _IMAGE_ID.fullmatch(text):
        raise MalformedReference(
            f"“{shown}” looks like an image ID of a local Docker; a registry is asked for REPOSITORY@sha256:DIGEST."
        )
    if "/" not in text and _BARE_DIGEST.fullmatch(text):
        raise MalformedReference(
            f"“{shown}” is a digest, or the beginning of one, without its repository; write REPOSITORY@sha256:DIGEST "
            "with all digits."
        )
    match = _TRANSPORT.fullmatch(text)
    if match is not None:
        raise MalformedReference(f"“{shown}” names a place of kind {match[1]}: and not a reference in a registry.")


def _refuse_url_parts(text: str, rest: str) -> None:
    authority = rest.partition("/")[0]
    if "@" in authority and not authority.partition("@")[2].startswith(("sha256:", "sha512:")):
        raise MalformedReference(
            "A user name or password in a reference is refused: it would end up on the screen and in logs. "
            "Log in with `docker login` instead."
        )
    if "?" in rest or "#" in rest:
        raise MalformedReference(f"“{safe(text, limit=200)}” has a query or a fragment; it is no image reference.")


def _hub_page(path: str) -> str:
    parts = [part for part in path.split("/") if part]
    image = "/".join(parts[1:3]) if parts[:1] == ["r"] else parts[1] if parts[:1] == ["_"] and len(parts) > 1 else ""
    hint = f" Its image is {safe(image, limit=200)}." if image else " Write the image's name, such as nginx."
    return "This is a page of Docker Hub's web site, not a registry." + hint


def _check_host(registry: str, shown: str) -> None:
    problem = _host_problem(registry)
    if problem:
        raise MalformedReference(f"“{shown}”: {problem}")


def _host_problem(registry: str) -> str:
    """Why this cannot be a host with an optional port; empty when it can."""
    host = safe(registry, limit=100)
    match = _HOST.fullmatch(registry)
    if match is None:
        if "@" in registry:
            return _LOGIN_RULE
        if "%" in registry:
            return f"“{host}” has a zone; an IPv6 address in a reference has none."
        if registry.count(":") > 1 and "[" not in registry:
            return f"“{host}” is no host; an IPv6 address stands in brackets, such as [::1]:5000."
        return f"“{host}” is not a host name with an optional port."
    port = match["port"]
    if port is not None and not 1 <= int(port) <= 65535:
        return f"the port {port} is not between 1 and 65535."
    name = match["name"]
    if name.startswith("["):
        try:
            ipaddress.IPv6Address(name[1:-1])
        except ValueError:
            return f"“{host}” is not an IPv6 address."
    elif len(name) > 253 or any(len(label) > 63 for label in name.split(".")):
        return f"“{host}” is too long for a host name."
    return ""


def _check_path(path: str, shown: str) -> None:
    if not path or path == "library/":
        raise MalformedReference(f"“{shown}” names no repository.")
    if path.lower() != path:
        raise MalformedReference(f"“{shown}”: repository names must be lower case.")
    if _PATH.fullmatch(path) is None:
        raise MalformedReference(
            f"“{shown}”: “{safe(path.removeprefix('library/'), limit=200)}” is not a repository name; its parts are "
            "lower-case letters and digits, joined by one '.', one or two '_', or '-'."
        )
    if len(path) > _LONGEST_PATH:
        raise MalformedReference(f"“{shown}”: the repository name has {len(path)} characters; {_LONGEST_PATH} fit.")


def _digest(text: str, shown: str) -> Digest:
    if not text:
        raise MalformedReference(f"“{shown}” ends in @ and names no digest.")
    try:
        digest = Digest.parse(text)
    except MalformedDigest as error:
        raise MalformedReference(f"“{shown}”: {error}") from None
    if not digest.can_verify:
        raise MalformedReference(f"“{shown}”: a reference takes sha256 or sha512 digests, not {digest.algorithm}.")
    return digest


def parse_registry(text: str) -> str:
    """A registry alone, `host[:port]`, as it is typed or given to an option; a scheme and a final slash may stand
    around it. Docker Hub's other name becomes docker.io. Raises MalformedReference."""
    stripped = text.strip()
    scheme = _SCHEME.match(stripped)
    rest = stripped[scheme.end() :] if scheme else stripped
    if scheme:
        _refuse_url_parts(stripped, rest)
    host = rest.removesuffix("/")
    problem = _host_problem(host)
    if problem:
        raise MalformedReference(f"“{safe(text, limit=200)}” is not a registry: {problem}")
    return DOCKER_HUB if host == "index.docker.io" else host


def api_host(registry: str) -> str:
    """The host that answers for this registry; Docker Hub's is not the one in its references."""
    return "registry-1.docker.io" if registry.lower() in _HUB_NAMES else registry


def credential_key(registry: str) -> str:
    """The key of this registry in Docker's config file."""
    return "https://index.docker.io/v1/" if registry.lower() in _HUB_NAMES else registry


def is_loopback(registry: str) -> bool:
    """Whether this is our own machine, where plain http needs no flag: localhost, *.localhost, 127/8, [::1]."""
    match = _HOST.fullmatch(registry)
    if match is None:
        return False
    name = match["name"].lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether a registry could hold a repository of this name (distribution-spec, "Pulling manifests")."""
    return len(text) <= _LONGEST_PATH and _PATH.fullmatch(text) is not None


def fallback_tag(digest: Digest) -> str:
    """The tag that lists the referrers of a digest where the registry has no referrers API (distribution-spec,
    "Referrers Tag Schema")."""
    text = f"{digest.algorithm[:32]}-{digest.encoded[:64]}"
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)


def split_selector(text: str) -> tuple[str, str]:
    """Name and selector of a short reference: `app:1.0` gives app and 1.0, `app@sha256:…` app and the digest. The
    digest wins where both are written. Checks nothing."""
    name, _, digest = text.partition("@")
    slash = name.rfind("/")
    colon = name.find(":", slash + 1)
    tag = name[colon + 1 :] if colon >= 0 else ""
    return (name[:colon] if colon >= 0 else name), digest or tag
