"""The line that pulls an image, and the first lines to try on a registry."""

from __future__ import annotations

from tui.explore.node import Node
from tui.oci.platform import Platform
from tui.registry.access import Access
from tui.tools.looking import registry_values
from tui.tools.table import line


def pull_line(reference: str, platform: Platform | None = None) -> str:
    """Pulls what a reference names; `platform` is said where the reference alone does not tell it."""
    wanted = [] if platform is None or platform.is_unknown else ["--platform", _spelled(platform)]
    return line("pull", "docker", {"platform": wanted, "reference": reference}).line


def pull_line_of(node: Node) -> tuple[str, str]:
    """The line for the image that a row belongs to, and why there is none; one of the two is ""."""
    image = node.image()
    if image is None or image.repository is None:
        return "", "select a tag or an image"
    if node.source.registry is None:
        return "", "docker pulls from registries only"
    if image.tag is not None:
        return pull_line(image.source.reference(image.repository, tag=image.tag)), ""
    if image.digest is None:
        return "", "digest unknown"
    return pull_line(image.source.reference(image.repository, digest=image.digest), image.platform), ""


def first_lines(registry: str, repository: str, tag: str) -> tuple[str, ...]:
    """What shows a list in a registry that speaks plain http, for somebody who has just started it."""
    access = Access(registry, plain_http=True)
    values = registry_values(access, repository, tag)
    lines = (
        line("catalog", "curl", values, access),
        line("show-index", "docker-manifest", values, access),
        line("raw", "skopeo", values, access),
    )
    return tuple(each.line for each in lines)


def _spelled(platform: Platform) -> str:
    return "/".join(part for part in (platform.os, platform.architecture, platform.variant) if part)
