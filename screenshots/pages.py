"""Every page of the program, for whoever wants to see how it looks in some size, theme or character set.

These pictures are not kept: `python -m screenshots.make --pages FOLDER` draws them.
"""

from __future__ import annotations

from screenshots.scenes import BROKEN, BROKEN_TAG, broken, copy_menu, draft, fix_plan, healthy, matrix, plan, requests
from screenshots.stage import Act, Scene, Stage, after

LIST = "sandbox:0.16-edge"


async def start(stage: Stage) -> None:
    """Where bare `fanfold` asks what to open."""
    await stage.see("Open")


async def catalog(stage: Stage) -> None:
    """The repositories of a registry."""
    await stage.see("dockerfun")


async def many(stage: Stage) -> None:
    """An index of many platforms, checked."""
    await stage.see("latest")
    await stage.find("latest")
    await stage.press("enter")
    await stage.see("linux/")
    await stage.press("x")
    await stage.see("60/60")


async def platform(stage: Stage) -> None:
    """The page of an image."""
    await matrix(stage)
    await stage.find("linux/arm64")
    await stage.press("enter")
    await stage.see("sha256")


async def tags(stage: Stage) -> None:
    """The tags of a repository, checked, worst first."""
    await stage.see("0.16-edge")
    await stage.press("home")
    await stage.find("sandbox")
    await stage.press("x")
    await stage.see("1 broken")


async def diff(stage: Stage) -> None:
    """Two images side by side."""
    await stage.see("0.16-edge-amd64")
    await stage.find("0.16-edge-amd64")
    await stage.press("m")
    await stage.find("0.16-edge-arm64")
    await stage.press("d")
    await stage.see("Layers")


async def push(stage: Stage) -> None:
    """What came of a push."""
    await plan(stage)
    await stage.press("y")
    await stage.see("verified")


async def fixed(stage: Stage) -> None:
    """What came of a fix."""
    await fix_plan(stage)
    await stage.press("y")
    await stage.see("Done.")


async def delete(stage: Stage) -> None:
    """What would break, before anything is deleted."""
    await matrix(stage)
    await stage.press("D")
    await stage.see("Delete")


async def lesson(stage: Stage) -> None:
    """The first step of a lesson."""
    await stage.see("T1 to T3")


async def filtering(stage: Stage) -> None:
    """The tags that a filter leaves."""
    await stage.see("20,000")
    await stage.press("slash")
    await stage.write("3")


def tab(begin: Act, name: str) -> Act:
    """A scene, and the tab of the detail that has this id."""

    async def act(stage: Stage) -> None:
        await begin(stage)
        for _ in range(8):
            if stage.app.main_screen.detail.tab == name:
                await stage.quiet()
                return
            await stage.press("right_square_bracket")
        raise RuntimeError(f"there is no tab {name}:\n{stage.text()}")

    return act


PAGES = (
    Scene("start", None, start),
    Scene("catalog", "", catalog),
    Scene("tree", "library/hello:1.0", healthy),
    Scene("matrix", LIST, matrix),
    Scene("many", "gallery/many-platforms", many),
    Scene("layers", LIST, tab(matrix, "layers")),
    Scene("config", LIST, tab(platform, "config")),
    Scene("json", LIST, after(matrix, "v")),
    Scene("findings", LIST, tab(matrix, "findings")),
    Scene("platform", LIST, platform),
    Scene("layer", LIST, after(broken, "end")),
    Scene("tags", "sandbox", tags),
    Scene("many-tags", "gallery/many-tags", filtering),
    Scene("requests", LIST, requests),
    Scene("diff", "sandbox", diff),
    Scene("draft", LIST, draft),
    Scene("plan", LIST, plan),
    Scene("push", LIST, push),
    Scene("fix-plan", f"{BROKEN}:{BROKEN_TAG}", fix_plan),
    Scene("fixed", f"{BROKEN}:{BROKEN_TAG}", fixed),
    Scene("delete", LIST, delete),
    Scene("delete-plan", LIST, after(delete, "enter")),
    Scene("copy-menu", "library/hello:1.0", copy_menu),
    Scene("explained", LIST, after(matrix, "i")),
    Scene("help", LIST, after(matrix, "question_mark")),
    Scene("glossary", LIST, after(matrix, "question_mark", "g")),
    Scene("palette", LIST, after(matrix, "ctrl+p")),
    Scene("lesson", "", lesson, lesson="stale-list"),
    Scene("lessons", "", after(lesson, "f2"), lesson="stale-list"),
    Scene("rehearsal", LIST, after(matrix, "f3", "enter", "a", "a", "a")),
    Scene("digests", LIST, after(matrix, "f4")),
    Scene("dialog", LIST, after(matrix, "o")),
    Scene("tag-dialog", LIST, after(matrix, "T")),
    Scene("saving", LIST, after(matrix, "ctrl+s")),
    Scene("toast", LIST, after(matrix, "c")),
    Scene("quit", LIST, after(draft, "x", "escape", "q")),
)
