"""What `docker pull` prints when it fails, for both of its image stores.

Up to Docker 28 a fresh installation kept images in the daemon's own store; from 29 on it is containerd's. The two word
the same failure differently, so people search for two different sentences: we show both.

Worded after moby `distribution/errors.go` and `distribution/pull_v2.go` (the daemon's own store) and containerd
`core/remotes/docker/fetcher.go` and `resolver.go` (containerd's), and after reports in their issue trackers. Where a
client words a failure in no fixed way, the text is empty and is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass

_DAEMON = "Error response from daemon: "


@dataclass(frozen=True, slots=True)
class DockerSays:
    """One failure as `docker pull` prints it.

    `classic` is the daemon's own store (the default up to Docker 28), `containerd` its successor's; either may be ""
    where the wording is not fixed. `note` says what is easy to misread in it.
    """

    classic: str
    containerd: str
    note: str = ""

    def lines(self) -> tuple[tuple[str, str], ...]:
        """(who, message) pairs for what is known, in the order in which people will look for them."""
        pairs = (("docker pull, up to Docker 28", self.classic), ("docker pull, Docker 29 and later", self.containerd))
        return tuple(pair for pair in pairs if pair[1])


def tag_unknown(reference: str) -> DockerSays:
    """The tag itself answers 404. `reference` as the user would type it, such as "127.0.0.1:5000/app:1"."""
    return DockerSays(
        f"{_DAEMON}manifest for {reference} not found: manifest unknown: manifest unknown",
        f'{_DAEMON}failed to resolve reference "{reference}": {reference}: not found',
    )


def child_unknown(reference: str, url: str) -> DockerSays:
    """The index is there, the platform's manifest is not. `url` is the address that answered 404."""
    return DockerSays(
        f"{_DAEMON}manifest for {reference} not found: manifest unknown: manifest unknown",
        f"{_DAEMON}failed to copy: httpReadSeeker: failed open: content at {url} not found: not found",
        "The older message names the tag, which is there; what is gone is the platform's manifest below it.",
    )


def no_platform(platform: str) -> DockerSays:
    """No entry of the index fits the platform."""
    message = f"no matching manifest for {platform} in the manifest list entries"
    return DockerSays(f"{_DAEMON}{message}", f"{_DAEMON}{message}: no match for platform in manifest: not found")


def config_unknown(digest: str, media_type: str) -> DockerSays:
    """The config blob answers 404."""
    return DockerSays(
        "error pulling image configuration: download failed after attempts=1: unknown blob",
        _content_unknown(digest, media_type),
        "The older message does not say which blob: it is the config.",
    )


def layer_unknown(digest: str, media_type: str) -> DockerSays:
    """A layer blob answers 404."""
    return DockerSays(
        "unknown blob",
        _content_unknown(digest, media_type),
        "The older message does not say which blob.",
    )


def denied(name: str, reference: str, url: str = "") -> DockerSays:
    """401 after authentication, or 403. `name` is the repository as Docker prints it; `url` the address that was
    refused, if it was not the tag's."""
    refused = "requested access to the resource is denied"
    return DockerSays(
        f"{_DAEMON}pull access denied for {name}, repository does not exist or may require 'docker login': denied: "
        f"{refused}",
        f"{_DAEMON}failed to copy: httpReadSeeker: failed open: unexpected status code {url}: 403 Forbidden - "
        f"Server message: denied: {refused}"
        if url
        else f'{_DAEMON}failed to resolve reference "{reference}": pull access denied, repository does not exist or '
        "may require authorization: server message: insufficient_scope: authorization failed",
        "Docker cannot tell “not allowed” from “not there” either: registries hide private repositories on purpose.",
    )


def rate_limited(message: str, url: str) -> DockerSays:
    """429. `message` is the registry's own text."""
    text = message or "Too Many Requests"
    return DockerSays(
        f"{_DAEMON}toomanyrequests: {text}",
        f"{_DAEMON}failed to copy: httpReadSeeker: failed open: unexpected status code {url}: 429 Too Many Requests - "
        f"Server message: toomanyrequests: {text}",
    )


def layer_corrupt(digest: str) -> DockerSays:
    """The bytes do not hash to the layer's digest."""
    return DockerSays(f"filesystem layer verification failed for digest {digest}", "")


def _content_unknown(digest: str, media_type: str) -> str:
    return (
        f"{_DAEMON}failed to copy: httpReadSeeker: failed open: could not fetch content descriptor "
        f"{digest} ({media_type}) from remote: not found"
    )
