"""The lines of the seven tools against a registry. Each function gives one line (or a reason) for each tool."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.reference import is_loopback
from tui.registry.access import Access
from tui.registry.shell_login import ShellLogin

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
    login: ShellLogin | None = None

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

    @property
    def hash(self) -> str:
        """The end of a line that hashes what it prints, as the digest does."""
        return f" | {self.digest.algorithm if self.digest is not None else 'sha256'}sum"

    def curl(self, path: str, *flags: str) -> str:
        """A request for something of the repository, with the login that it took before, if that is known. Of others
        Docker Hub alone is known to give a token to anybody who asks."""
        words = ["curl", "--fail", "--silent", "--show-error", *flags]
        if self.access.insecure and not self.access.plain_http:
            words.insert(1, "--insecure")
        line = shlex.join([*words, f"{self.access.url}/v2/{self.repository}/{path}"])
        if self.login is not None:
            return f"{self.login.before}{line} {self.login.words}"
        if self.access.is_hub:
            scope = f"service=registry.docker.io&scope=repository:{self.repository}:pull"
            asked = shlex.quote(f"https://auth.docker.io/token?{scope}")
            token = f'$(curl --fail --silent {asked} | sed \'s/.*"token":"\\([^"]*\\)".*/\\1/\')'
            line += f' --header "Authorization: Bearer {token}"'
        return line

    def curl_why(self, why: str) -> str:
        return why + _login_why(self.access, self.login)


def _login_why(access: Access, login: ShellLogin | None) -> str:
    if login is not None:
        return "".join(f" Set {note}." for note in login.notes)
    return "" if access.is_hub else " No login is sent: a registry that wants one, or a token, says 401."


def registry_lines(access: Access, login: ShellLogin | None = None) -> list[Line]:
    """A registry: its repositories."""
    title, registry = "list the repositories", access.registry
    catalog = ["curl", "--fail", "--silent", "--show-error", f"{access.url}/v2/_catalog?n=1000"]
    if access.insecure and not access.plain_http:
        catalog.insert(1, "--insecure")
    why = "The catalog. Many public registries do not offer it."
    page = f"One page of the catalog. {why.partition('. ')[2]}"
    line = f"{login.before}{shlex.join(catalog)} {login.words}" if login is not None else shlex.join(catalog)
    if access.is_hub:
        return [Line(tool, title, "", "Docker Hub has no catalog.") for tool in TOOLS]
    return [
        Line(CURL, title, line, page + (_login_why(access, login) if login is not None else "")),
        Line(DOCKER, title, "", "docker has no command for a registry's catalog."),
        Line(BUILDX, title, "", "buildx has no command for a registry's catalog."),
        Line(CRANE, title, crane(access, "catalog", registry), why),
        Line(ORAS, title, oras(access, "repo ls", registry), why),
        Line(REGCTL, title, regctl(access, "repo ls", registry), page),
        Line(SKOPEO, title, "", "skopeo has no command for a registry's catalog."),
    ]


def list_lines(target: Target) -> list[Line]:
    """A repository: its tags."""
    title, access, why = "list the tags", target.access, "All tags, one on each line."
    page = target.curl_why("One page; the Link header (--include shows it) leads to the next.")
    return [
        Line(CURL, title, target.curl("tags/list?n=1000"), page),
        Line(DOCKER, title, "", "docker cannot list the tags of a repository in a registry."),
        Line(BUILDX, title, "", "buildx cannot list the tags of a repository."),
        Line(CRANE, title, crane(access, "ls", target.name), why),
        Line(ORAS, title, oras(access, "repo tags", target.name), why),
        Line(REGCTL, title, regctl(access, "tag ls", target.name), why),
        Line(SKOPEO, title, skopeo(access, "list-tags", f"docker://{target.name}"), "All tags, as JSON."),
    ]


def manifest_lines(target: Target, *, form: str) -> list[Line]:
    """A manifest or index: the digest, and the bytes. `form` is "index", "nested" (an index with an index in it),
    "empty" (an index without entries) or "image"."""
    access, reference, path = target.access, target.reference, f"manifests/{target.selector}"
    accept = ("--header", f"Accept: {_ACCEPT}")
    head = "HEAD: the Docker-Content-Digest header."
    if access.is_hub:
        head += " Docker Hub does not count it as a pull."
    exact = "The exact bytes; their hash is the digest."
    return [
        Line(CURL, "ask for its digest", target.curl(path, "--head", *accept), target.curl_why(head)),
        Line(CURL, "hash the bytes yourself", target.curl(path, *accept) + target.hash, f"GET. {exact}"),
        _docker_line(access, reference, form),
        *_buildx_lines(target, form),
        Line(
            CRANE,
            "print its digest",
            crane(access, "digest", reference),
            "From a HEAD request; from a GET where the registry refuses that.",
        ),
        Line(ORAS, "print its digest", oras(access, "resolve", reference), "From a HEAD request."),
        Line(REGCTL, "print its digest", regctl(access, "manifest head", reference), "From a HEAD request."),
        Line(SKOPEO, "hash the bytes", skopeo(access, "inspect --raw", f"docker://{reference}") + target.hash, exact),
    ]


def _docker_line(access: Access, reference: str, form: str) -> Line:
    """`docker manifest inspect`: it reads every entry and config, so that one which it cannot read makes it fail."""
    line = docker(access, reference)
    if form == "nested":
        why = "docker manifest cannot read an index inside an index: “unsupported manifest type”."
        return Line(DOCKER, "show it", "", why)
    if form == "empty":
        return Line(DOCKER, "show it", "", "docker manifest says “no such manifest” of an index without entries.")
    if form == "index":
        why = (
            "The entries with their digests. A list stored by `docker manifest create` under this name is shown "
            "instead of the registry's. One missing entry makes it say “no such manifest”, and blame the list; a "
            "missing config “unknown blob”."
        )
        return Line(DOCKER, "show it", line, why)
    why = "The image manifest; with --verbose also its own digest. It reads the config too, and fails without it."
    return Line(DOCKER, "show it", line, why)


def _buildx_lines(target: Target, form: str) -> list[Line]:
    """`imagetools inspect`: with --format it reads all there is below, whatever the format asks for."""
    access, reference = target.access, target.reference
    whole = "the config" if form == "image" else "every entry and its config"
    shown = "The type and the digest." if form == "image" else "The digest, the type and the entries."
    short = "Without printf it prints the whole block and not the digest."
    return [
        Line(
            BUILDX,
            "show it",
            buildx(reference),
            _buildx_why(access, f"{shown} It does not ask for anything below, so nothing missing is seen."),
        ),
        Line(
            BUILDX,
            "only the digest",
            buildx(reference, "--format", '{{printf "%s" .Manifest.Digest}}'),
            _buildx_why(access, f"It reads {whole} too, and fails where one is missing. {short}"),
        ),
        Line(
            BUILDX,
            "hash the bytes",
            buildx(reference, "--raw") + target.hash,
            _buildx_why(access, "The exact bytes, of this object alone; their hash is the digest."),
        ),
    ]


def blob_lines(target: Target) -> list[Line]:
    """A blob: whether it is there, and its bytes."""
    access, digest, title = target.access, str(target.digest), "ask whether it is there"
    path = f"blobs/{digest}"
    said = target.curl_why("HEAD: 200 is there, 404 is not, 401 and 403 say neither.")
    return [
        Line(CURL, title, target.curl(path, "--head", "--location"), said),
        Line(
            CURL,
            "hash the bytes yourself",
            target.curl(path, "--location") + target.hash,
            "GET: downloads it; the hash is the digest.",
        ),
        Line(DOCKER, title, "", "docker manifest reads configs and never looks at layers: that is why it misses them."),
        Line(BUILDX, title, "", "imagetools has no command for a single blob."),
        Line(
            CRANE,
            "hash the bytes",
            crane(access, "blob", target.by_digest) + target.hash,
            "Downloads it; crane has no command that only asks for a blob.",
        ),
        Line(
            ORAS,
            title,
            oras(access, "blob fetch --descriptor", target.by_digest),
            "HEAD: prints its digest and size.",
        ),
        Line(
            REGCTL,
            title,
            regctl(access, "blob head", target.name, digest),
            "HEAD: prints the headers; fails if it is not there.",
        ),
        Line(SKOPEO, title, "", "skopeo has no command that asks for a single blob."),
    ]


def config_lines(target: Target, image: Target, *, of_image: bool) -> list[Line]:
    """A config: as a blob, and through its manifest. `of_image`: it is an image's, and not something else's."""
    access = target.access
    lines = [line for line in blob_lines(target) if line.tool not in (DOCKER, BUILDX, SKOPEO)]
    title, named = "hash the bytes, through its manifest", "“config” in the output: its digest"
    shown = buildx(image.by_digest, "--format", "{{json .Image}}") if of_image else ""
    only = "imagetools shows every config as that of an image: of this one it prints empty fields."
    anew = "The config, formatted anew: its bytes, and so its hash, are not kept."
    return [
        *lines,
        Line(
            DOCKER,
            "see it named in its manifest",
            docker(access, image.by_digest),
            f"{named} is the image ID." if of_image else f"{named}.",
        ),
        Line(BUILDX, "show it", shown, _buildx_why(access, anew) if of_image else only),
        Line(
            CRANE,
            title,
            crane(access, "config", image.by_digest) + target.hash,
            "It reads the manifest, and then what that calls its config.",
        ),
        Line(
            SKOPEO,
            title,
            skopeo(access, "inspect --config --raw", f"docker://{image.by_digest}") + target.hash,
            "The hash is the image ID." if of_image else "The exact bytes; their hash is the digest.",
        ),
    ]


def referrer_lines(target: Target) -> list[Line]:
    """The referrers of a manifest."""
    title, access = "list what refers to it", target.access
    why = target.curl_why("An index of everything that names this digest as its subject.")
    return [
        Line(CURL, title, target.curl(f"referrers/{target.digest or ''}"), why),
        Line(DOCKER, title, "", "docker manifest knows nothing of referrers."),
        Line(BUILDX, title, "", "imagetools has no command that lists referrers."),
        Line(CRANE, title, "", "crane has no command that lists referrers."),
        Line(
            ORAS,
            title,
            oras(access, "discover", target.by_digest),
            "As a tree, with types and annotations, and what refers to those in turn.",
        ),
        Line(
            REGCTL,
            title,
            regctl(access, "artifact list", target.by_digest),
            "The digests of what names this one as its subject, with types and annotations.",
        ),
        Line(SKOPEO, title, "", "skopeo has no command that lists referrers."),
    ]


def refused(access: Access, repository: str | None, lines: list[Line]) -> list[Line]:
    """The same lines, without those whose tool cannot even read the name."""
    reasons = {}
    if access.registry.startswith("["):
        reasons = {tool: f"{tool} takes no IPv6 address as the name of a registry." for tool in (REGCTL, SKOPEO)}
    if repository is not None and len(repository) == 1:
        reasons[CRANE] = "crane takes no repository whose name is one letter."
    return [
        Line(line.tool, line.title, "", reasons[line.tool]) if line.line and line.tool in reasons else line
        for line in lines
    ]


def _buildx_why(access: Access, why: str) -> str:
    setting = ""
    if access.plain_http and not is_loopback(access.registry):
        setting = "http = true"
    elif access.insecure and not access.plain_http:
        setting = "insecure = true"
    return why + (
        f" There is no flag for this registry: the builder's buildkitd.toml must say {setting}." if setting else ""
    )


def docker(access: Access, reference: str) -> str:
    flag = "--insecure " if access.untrusted else ""
    return f"docker manifest inspect {flag}{shlex.quote(reference)}"


def buildx(reference: str, *flags: str) -> str:
    return shlex.join(["docker", "buildx", "imagetools", "inspect", *flags, reference])


def crane(access: Access, command: str, *arguments: str) -> str:
    flag = " --insecure" if access.untrusted else ""
    return f"crane {command}{flag} {shlex.join(arguments)}"


def oras(access: Access, command: str, *arguments: str) -> str:
    flag = " --plain-http" if access.plain_http else " --insecure" if access.insecure else ""
    return f"oras {command}{flag} {shlex.join(arguments)}"


def regctl(access: Access, command: str, *arguments: str) -> str:
    tls = "disabled" if access.plain_http else "insecure" if access.insecure else ""
    host = f" --host {shlex.quote(f'reg={access.registry},tls={tls}')}" if tls else ""
    return f"regctl {command}{host} {shlex.join(arguments)}"


def skopeo(access: Access, command: str, *arguments: str) -> str:
    flag = " --tls-verify=false" if access.untrusted else ""
    return f"skopeo {command}{flag} {shlex.join(arguments)}"
