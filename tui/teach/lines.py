"""The lines of the seven tools against a registry. Each function gives one line (or a reason) for each tool."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.registry.access import Access

CURL, DOCKER, BUILDX = "curl", "docker manifest", "docker buildx imagetools"
CRANE, ORAS, REGCTL, SKOPEO = "crane", "oras", "regctl", "skopeo"
TOOLS = (CURL, DOCKER, BUILDX, CRANE, ORAS, REGCTL, SKOPEO)

#: The registry knows two kinds of objects; asked for the wrong kind it answers 404.
_ACCEPT = ", ".join(media.ACCEPT)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one tool, or no line and the reason."""

    tool: str
    title: str
    line: str
    why: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a line is about: an object in a repository of a registry."""

    access: Access
    repository: str
    tag: str | None = None
    digest: Digest | None = None
    platform: Platform | None = None

    @property
    def name(self) -> str:
        return f"{self.access.registry}/{self.repository}"

    @property
    def reference(self) -> str:
        """By tag if there is one, else by digest."""
        return f"{self.name}:{self.tag}" if self.tag else self.by_digest

    @property
    def by_digest(self) -> str:
        return f"{self.name}@{self.digest}" if self.digest is not None else self.name

    @property
    def selector(self) -> str:
        return self.tag or str(self.digest or "")

    def url(self, kind: str, selector: str) -> str:
        return f"{self.access.url}/v2/{self.repository}/{kind}/{selector}"


def registry_lines(access: Access) -> list[Line]:
    """A registry: its repositories."""
    title = "list the repositories"
    catalog = _curl(access, f"{access.url}/v2/_catalog?n=1000")
    why = "The catalog. Many public registries do not offer it."
    return [
        Line(CURL, title, catalog, why),
        Line(DOCKER, title, "", "docker has no command for a registry's catalog."),
        Line(BUILDX, title, "", "buildx has no command for a registry's catalog."),
        Line(CRANE, title, _crane(access, "catalog", access.registry), why),
        Line(ORAS, title, _oras(access, "repo ls", access.registry), why),
        Line(REGCTL, title, _regctl(access, "repo ls", access.registry), why),
        Line(SKOPEO, title, "", "skopeo has no command for a registry's catalog."),
    ]


def list_lines(target: Target) -> list[Line]:
    """A repository: its tags."""
    title, access = "list the tags", target.access
    return [
        Line(
            CURL,
            title,
            _curl(access, target.url("tags", "list?n=1000")),
            "One page; the Link header leads to the next.",
        ),
        Line(DOCKER, title, "", "docker cannot list the tags of a repository in a registry."),
        Line(BUILDX, title, "", "buildx cannot list the tags of a repository."),
        Line(CRANE, title, _crane(access, "ls", target.name), "All tags, one on each line."),
        Line(ORAS, title, _oras(access, "repo tags", target.name), "All tags, one on each line."),
        Line(REGCTL, title, _regctl(access, "tag ls", target.name), "All tags, one on each line."),
        Line(SKOPEO, title, _skopeo(access, "list-tags", f"docker://{target.name}"), "All tags, as JSON."),
    ]


def manifest_lines(target: Target, *, form: str, by_platform: Target | None) -> list[Line]:
    """A manifest or index: the digest, and the bytes. `form` is "index", "nested" (an index with an index in it) or
    "image"."""
    access, reference = target.access, target.reference
    head = _curl(access, target.url("manifests", target.selector), "--head", accept=True)
    get = _curl(access, target.url("manifests", target.selector), accept=True)
    lines = [
        Line(
            CURL,
            "ask for its digest",
            head,
            "HEAD: the Docker-Content-Digest header. Docker Hub does not count it as a pull.",
        ),
        Line(CURL, "hash the bytes yourself", f"{get} | sha256sum", "GET: the exact bytes; their hash is the digest."),
        _docker_line(access, reference, form),
        Line(BUILDX, "show it", f"docker buildx imagetools inspect {shlex.quote(reference)}", _buildx_why(access)),
        Line(
            BUILDX,
            "only the digest",
            "docker buildx imagetools inspect --format "
            + shlex.quote('{{printf "%s" .Manifest.Digest}}')
            + f" {shlex.quote(reference)}",
            "Without printf it prints the whole block and not the digest.",
        ),
        Line(
            CRANE,
            "print its digest",
            _crane(access, "digest", reference),
            "From a HEAD request where the registry allows it.",
        ),
        Line(ORAS, "print its digest", _oras(access, "resolve", reference), "From a HEAD request."),
        Line(REGCTL, "print its digest", _regctl(access, "manifest head", reference), "From a HEAD request."),
        Line(
            SKOPEO,
            "hash the bytes",
            _skopeo(access, "inspect --raw", f"docker://{reference}") + " | sha256sum",
            "The exact bytes; their hash is the digest.",
        ),
    ]
    if by_platform is not None and by_platform.platform is not None:
        lines += _platform_lines(by_platform, by_platform.platform)
    return lines


def _docker_line(access: Access, reference: str, form: str) -> Line:
    """`docker manifest inspect`: it reads every entry, so that one which it cannot read makes the whole fail."""
    line = _docker(access, reference)
    if form == "nested":
        why = "docker manifest cannot read an index inside an index: “unsupported manifest type”."
        return Line(DOCKER, "show it", "", why)
    if form == "index":
        why = (
            "The entries with their digests. A list stored by `docker manifest create` under this name is shown "
            "instead of the registry's. One missing entry makes it say “no such manifest”, and blame the list."
        )
        return Line(DOCKER, "show it", line, why)
    return Line(DOCKER, "show it", line, "The image manifest; with --verbose also its own digest.")


def _platform_lines(index: Target, platform: Platform) -> list[Line]:
    """The same image, reached as a client reaches it: through the index, by platform."""
    text = "/".join(part for part in (platform.os, platform.architecture, platform.variant) if part)
    title, flag = f"print the digest for {platform}", f"--platform {shlex.quote(text)}"
    why = "Through the index, as a client chooses."
    access, reference = index.access, index.reference
    return [
        Line(CRANE, title, _crane(access, f"digest {flag}", reference), why),
        Line(ORAS, title, _oras(access, f"resolve {flag}", reference), why),
        Line(REGCTL, title, _regctl(access, f"manifest head {flag}", reference), why),
    ]


def blob_lines(target: Target) -> list[Line]:
    """A blob: whether it is there, and its bytes."""
    access, digest = target.access, str(target.digest)
    head = _curl(access, target.url("blobs", digest), "--head", follow=True)
    get = _curl(access, target.url("blobs", digest), follow=True)
    return [
        Line(CURL, "ask whether it is there", head, "HEAD: 200 is there, 404 is not, 401 and 403 say neither."),
        Line(CURL, "hash the bytes yourself", f"{get} | sha256sum", "GET: downloads it; the hash is the digest."),
        Line(
            DOCKER, "ask whether it is there", "", "docker manifest never looks at blobs: that is why it misses them."
        ),
        Line(BUILDX, "ask whether it is there", "", "imagetools inspect does not look at blobs."),
        Line(
            CRANE,
            "hash the bytes",
            _crane(access, "blob", target.by_digest) + " | sha256sum",
            "Downloads it; crane has no command that only asks.",
        ),
        Line(
            ORAS,
            "ask whether it is there",
            _oras(access, "blob fetch --descriptor", target.by_digest),
            "HEAD: prints its digest and size.",
        ),
        Line(
            REGCTL,
            "ask whether it is there",
            _regctl(access, "blob head", target.name, digest),
            "HEAD: prints the headers; fails if it is not there.",
        ),
        Line(SKOPEO, "ask whether it is there", "", "skopeo has no command for a single blob."),
    ]


def config_lines(target: Target, image: Target) -> list[Line]:
    """A config: as a blob, and through its manifest."""
    access = target.access
    lines = [line for line in blob_lines(target) if line.tool not in (DOCKER, BUILDX, SKOPEO)]
    return [
        *lines,
        Line(
            DOCKER,
            "see it named in its manifest",
            _docker(access, image.by_digest),
            "“config” in the output: its digest is the image ID.",
        ),
        Line(
            BUILDX,
            "show it",
            f"docker buildx imagetools inspect --format {shlex.quote('{{json .Image}}')} "
            f"{shlex.quote(image.by_digest)}",
            "The config, formatted anew: its bytes, and so its hash, are not kept.",
        ),
        Line(
            CRANE, "hash the bytes", _crane(access, "config", image.by_digest) + " | sha256sum", "Through its manifest."
        ),
        Line(
            SKOPEO,
            "hash the bytes",
            _skopeo(access, "inspect --config --raw", f"docker://{image.by_digest}") + " | sha256sum",
            "Through its manifest; the hash is the image ID.",
        ),
    ]


def referrer_lines(target: Target) -> list[Line]:
    """The referrers of a manifest."""
    title, access = "list what refers to it", target.access
    url = target.url("referrers", str(target.digest or ""))
    why = "An index of everything that names this digest as its subject."
    return [
        Line(CURL, title, _curl(access, url), why),
        Line(DOCKER, title, "", "docker manifest knows nothing of referrers."),
        Line(BUILDX, title, "", "imagetools has no command that lists referrers."),
        Line(CRANE, title, "", "crane has no command that lists referrers."),
        Line(ORAS, title, _oras(access, "discover", target.by_digest), "As a tree, with types."),
        Line(REGCTL, title, _regctl(access, "artifact list", target.by_digest), why),
        Line(SKOPEO, title, "", "skopeo has no command that lists referrers."),
    ]


def _buildx_why(access: Access) -> str:
    if access.plain_http:
        return "Plain HTTP: works by itself on loopback; elsewhere only through the builder's buildkitd.toml."
    if access.insecure:
        return "There is no flag for TLS that is not verified: it takes the builder's buildkitd.toml."
    return "The digest, the type and the entries. It does not check that they are there."


def _curl(access: Access, url: str, *flags: str, accept: bool = False, follow: bool = False) -> str:
    words = ["curl", "--fail", "--silent", "--show-error", *flags]
    if access.insecure and not access.plain_http:
        words.append("--insecure")
    if follow:
        words.append("--location")
    if accept:
        words += ["--header", f"Accept: {_ACCEPT}"]
    line = shlex.join([*words, url])
    if access.is_hub:
        # The token is asked for in the same line, so that the line works by itself.
        repository = url.split("/v2/", 1)[1].split("/manifests/")[0].split("/blobs/")[0].split("/tags/")[0]
        scope = f"https://auth.docker.io/token?service=registry.docker.io&scope=repository:{repository}:pull"
        token = f'$(curl --fail --silent {shlex.quote(scope)} | sed \'s/.*"token":"\\([^"]*\\)".*/\\1/\')'
        line += f' --header "Authorization: Bearer {token}"'
    return line


def _docker(access: Access, reference: str) -> str:
    flag = "--insecure " if access.untrusted else ""
    return f"docker manifest inspect {flag}{shlex.quote(reference)}"


def _crane(access: Access, command: str, *arguments: str) -> str:
    flag = " --insecure" if access.untrusted else ""
    return f"crane {command}{flag} {shlex.join(arguments)}"


def _oras(access: Access, command: str, *arguments: str) -> str:
    flag = " --plain-http" if access.plain_http else " --insecure" if access.insecure else ""
    return f"oras {command}{flag} {shlex.join(arguments)}"


def _regctl(access: Access, command: str, *arguments: str) -> str:
    tls = "disabled" if access.plain_http else "insecure" if access.insecure else ""
    host = f" --host {shlex.quote(f'reg={access.registry},tls={tls}')}" if tls else ""
    return f"regctl{host} {command} {shlex.join(arguments)}"


def _skopeo(access: Access, command: str, *arguments: str) -> str:
    flag = " --tls-verify=false" if access.untrusted else ""
    return f"skopeo {command}{flag} {shlex.join(arguments)}"
