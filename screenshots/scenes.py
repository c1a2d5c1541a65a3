"""The scenes: what is opened, and the keys that are pressed."""

from __future__ import annotations

from screenshots.stage import Scene, Stage


async def healthy(stage: Stage) -> None:
    """The whole tree of a healthy image, checked."""
    await stage.see("linux/amd64")
    await stage.find("1.0")
    await stage.press("x")
    await stage.see("5/5 platforms")
    await stage.find("linux/amd64")
    await stage.press("equals_sign")
    await stage.see("provenance")


async def broken(stage: Stage) -> None:
    """The stale list: the platform that cannot be pulled, opened."""
    await stage.see("linux/arm64")
    await stage.find("linux/arm64")
    await stage.press("l")
    await stage.see("missing")


async def requests(stage: Stage) -> None:
    """The request log, with one exchange opened."""
    await broken(stage)
    await stage.press("at", "3", "end")


async def copy_menu(stage: Stage) -> None:
    """Everything that can be copied of a platform."""
    await stage.see("linux/arm64")
    await stage.find("linux/arm64")
    await stage.press("y")


SCENES = (
    Scene("healthy", "library/hello:1.0", healthy),
    Scene("broken", "sandbox:0.16-edge", broken),
    Scene("broken-80x24", "sandbox:0.16-edge", broken, size=(80, 24)),
    Scene("requests", "sandbox:0.16-edge", requests),
    Scene("copy-menu", "library/hello:1.0", copy_menu),
)
