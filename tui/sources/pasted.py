"""What somebody pastes: a line that names an image somewhere, read to the reference that it is about. Asks nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from tui.oci.errors import MalformedReference
from tui.sources.spec import parse_source

#: What can be pasted, for who pasted something else.
READABLE = (
    "Paste a reference, a digest, a web page of Docker Hub, GHCR, Quay, Harbor or GitLab, a docker pull line, "
    "an image: line, or an error message that names an image."
)
#: So much of what is pasted is read: a log may be of any size.
LIMIT = 20_000

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(?![0-9a-f])")
#: One word that could be a reference: a name with a slash, a tag or a digest.
_NAME = r"[A-Za-z0-9\[][\w.\-:/\]]*(?:@sha256:[0-9a-f]{64})?"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was read: `text` is a SOURCE or a digest alone, "" when nothing was found."""

    text: str
    what: str = ""
    """What kind of thing it was, for a line to the reader."""


def read_pasted(text: str) -> Pasted:
    """What a pasted text is about. Never raises; foreign text of any size."""
    text = _CONTROL.sub("", text[:LIMIT]).strip()
    lines = text.splitlines()
    candidates = [each for line in lines for each in _candidates(line.strip())]
    # In several lines a bare word is the least sure to be an image.
    for what, found in sorted(candidates, key=lambda each: len(lines) > 1 and each[0] == "reference"):
        name = found.strip("\"'`.,;:()<>“” ")
        if name and (_DIGEST.fullmatch(name) or _is_source(name)):
            return Pasted(name, what)
    return Pasted("")


def _is_source(text: str) -> bool:
    try:
        parse_source(text)
    except (MalformedReference, ValueError):
        return False
    return True


def _candidates(line: str) -> Iterator[tuple[str, str]]:
    """What could be meant, the surest first: (what it was, its text)."""
    words = line.split()
    if not words:
        return
    if len(words) == 1:
        page = _web_page(line)
        if page:
            yield "web page", page
        elif not line.lower().startswith("image:") and "/harbor/projects/" not in line:
            yield "reference", line
    yield from _commands(words)
    for what, pattern in _LINES:
        for found in pattern.finditer(line):
            yield what, found[1]
    for word in words:
        if page := _web_page(word.strip("\"'`.,;()<>")):
            yield "web page", page
    if len(words) > 1:
        for word in words:
            word = word.strip("\"'`,;()<>“”").rstrip(".:")
            if re.fullmatch(_NAME, word) and _looks_whole(word):
                yield "reference in the text", word
        if digest := _DIGEST.search(line):
            yield "digest in the text", digest[0]


def _looks_whole(word: str) -> bool:
    """Whether a word of a sentence is surely a reference: a host before a slash, or a digest behind a name."""
    host, slash, path = word.partition("/")
    if "@sha256:" in word:
        return True
    has_host = bool(slash) and ("." in host or ":" in host or host == "localhost")
    return has_host and bool(path) and not path.startswith(("v2", "/"))


#: Commands that name images: what stands before the first word that is no option.
_VERBS = (
    "pull", "push", "run", "create", "inspect", "copy", "manifest", "digest", "check", "tree", "fix",
    "image", "images", "imagetools", "buildx", "--",
)  # fmt: skip
_TOOLS = (
    "docker", "podman", "nerdctl", "crane", "skopeo", "oras", "regctl", "buildah", "ctr", "crictl", "fanfold", "sudo",
)  # fmt: skip
_PREFIXES = ("docker://", "containers-storage:")


def _commands(words: list[str]) -> Iterator[tuple[str, str]]:
    words = words[1:] if words[0] in ("$", "#", ">", "+", "%") else words
    if not words or words[0].rpartition("/")[2] not in _TOOLS:
        return
    rest = [word for word in words[1:] if word not in (*_TOOLS, *_VERBS)]
    for word in rest:
        for prefix in _PREFIXES:
            if word.startswith(prefix):
                yield "command line", word.removeprefix(prefix)
    named = [word for place, word in enumerate(rest) if not word.startswith("-") and not _is_value(rest, place)]
    if named:
        yield "command line", named[0]


#: Options that are followed by their value.
_WITH_VALUE = (
    "--platform", "--name", "-v", "--volume", "-p", "--publish", "-e", "--env", "--network",
    "-n", "--namespace", "-w", "-u",
)  # fmt: skip


def _is_value(rest: list[str], place: int) -> bool:
    return place > 0 and rest[place - 1] in _WITH_VALUE


#: What stands around an image's name, `%s`, in files and messages.
_AROUND = {
    "image line": (r"^\s*-?\s*[\"']?image[\"']?\s*:\s*[\"']?%s",),
    "FROM line": (r"^\s*FROM\s+(?:--platform=\S+\s+)?%s",),
    "error message": (
        r"failed to resolve (?:source metadata for |reference )[\"'`]?%s",
        r"failed to (?:pull|solve|do request|copy|push)[^\"'`:]{0,80}:? (?:image )?[\"'`]?%s\"?: ",
        r"pulling image [\"'`]?%s",
        r"pull access denied for [\"'`]?%s",
        r"manifest for %s not found",
        r"Unable to find image [\"'`]?%s",
        r"no such manifest: [\"'`]?%s",
        r"(?:^|\s)[\"'`]?%s[\"'`]? is a manifest list",
        r"(?:^|\s)[\"'`]?%s[\"'`]?: (?:manifest unknown|not found|no match for platform)",
        r"The push refers to repository \[%s\]",
        r"initializing source docker://%s",
        r"reading manifest \S+ in %s:",
    ),
}
_LINES = [
    (what, re.compile(pattern.replace("%s", f"({_NAME})"), re.IGNORECASE))
    for what, patterns in _AROUND.items()
    for pattern in patterns
]


def _web_page(text: str) -> str:
    """The reference of a web page about an image; "" for another address."""
    found = re.match(r"https?://([^/\s?#]+)(/[^\s?#]*)?", text)
    if found is None or "@" in found[1]:
        return ""
    host, path = found[1].lower(), unquote(found[2] or "").strip("/")
    parts = [part for part in path.split("/") if part]
    if host == "hub.docker.com":
        return _hub(parts)
    if parts[:1] == ["v2"]:
        return _api(host, parts[1:])
    if host == "github.com" and "pkgs" in parts and parts[-1:] != ["container"]:
        owner, name = parts[0], parts[parts.index("pkgs") + 2 :]
        return f"ghcr.io/{owner}/{name[0]}".lower() if name else ""
    if host == "github.com" and "packages" in parts and "container" in parts:
        name = parts[parts.index("package") + 1 :] if "package" in parts else parts[-1:]
        owner = parts[1] if parts[0] in ("orgs", "users") and len(parts) > 1 else parts[0]
        return f"ghcr.io/{owner}/{name[0]}".lower() if name else ""
    if host in ("quay.io", "www.quay.io") and parts[:1] == ["repository"] and len(parts) >= 3:
        tag = parts[4] if parts[3:4] == ["tag"] and len(parts) > 4 else ""
        digest = parts[4] if parts[3:4] == ["manifest"] and len(parts) > 4 else ""
        return f"quay.io/{parts[1]}/{parts[2]}" + (f":{tag}" if tag else f"@{digest}" if digest else "")
    if parts[:2] == ["harbor", "projects"] and "repositories" in parts:
        return _harbor(host, parts)
    if "container_registry" in parts and "-" in parts:
        return f"registry.{host}/{'/'.join(parts[: min(parts.index('-'), parts.index('container_registry'))])}".lower()
    return ""


def _api(host: str, parts: list[str]) -> str:
    """An address of the API itself: /v2/NAME/manifests/TAG."""
    for word in ("manifests", "blobs", "tags", "referrers"):
        if word in parts[1:]:
            place = parts.index(word, 1)
            name, rest = "/".join(parts[:place]), parts[place + 1 : place + 2]
            registry = "docker.io" if host == "registry-1.docker.io" else host
            if word == "manifests" and rest:
                return f"{registry}/{name}{'@' if ':' in rest[0] else ':'}{rest[0]}"
            return f"{registry}/{name}"
    return ""


def _hub(parts: list[str]) -> str:
    if parts[:1] == ["_"] and len(parts) > 1:
        return f"docker.io/library/{parts[1]}"
    if parts[:1] == ["r"] and len(parts) > 2:
        return f"docker.io/{parts[1]}/{parts[2]}"
    if parts[:1] == ["layers"] and len(parts) > 3:
        return f"docker.io/{parts[1]}/{parts[2]}:{parts[3]}"
    if parts[:2] == ["v2", "repositories"] and len(parts) > 3:
        return f"docker.io/{parts[2]}/{parts[3]}"
    return ""


def _harbor(host: str, parts: list[str]) -> str:
    """/harbor/projects/7/repositories/NAME[/artifacts-tab/artifacts/sha256:…]; the project's name is not in it unless
    the repository's name has it."""
    rest = parts[parts.index("repositories") + 1 :]
    if not rest:
        return ""
    names = rest[: rest.index("artifacts-tab")] if "artifacts-tab" in rest else rest
    digest = next((part for part in rest if _DIGEST.fullmatch(part)), "")
    name = "/".join(names)
    if "/" not in name:
        return ""  # the project is only a number here: the repository cannot be told
    return f"{host}/{name}" + (f"@{digest}" if digest else "")
