"""Every page of the program, for whoever wants to see how it looks in some size, theme or character set.

These pictures are not kept: `python -m screenshots.make --pages FOLDER` draws them.
"""

from __future__ import annotations

from screenshots.scenes import BROKEN, BROKEN_TAG, broken, copy_menu, draft, fix_plan, healthy, matrix, plan, requests
from screenshots.stage import Scene, Stage

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


async def layers(stage: Stage) -> None:
    """The bars of an index."""
    await matrix(stage)
    await tab(stage, "layers")


async def config(stage: Stage) -> None:
    """What an image's config says."""
    await platform(stage)
    await tab(stage, "config")


async def document(stage: Stage) -> None:
    """The JSON of an index."""
    await matrix(stage)
    await stage.press("v")


async def findings(stage: Stage) -> None:
    """What is wrong, with what fixes it."""
    await matrix(stage)
    await tab(stage, "findings")


async def platform(stage: Stage) -> None:
    """The page of an image."""
    await matrix(stage)
    await stage.find("linux/arm64")
    await stage.press("enter")
    await stage.see("sha256")


async def layer(stage: Stage) -> None:
    """The page of a layer that is missing."""
    await broken(stage)
    await stage.press("end")


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


async def delete_plan(stage: Stage) -> None:
    """The plan of a deletion."""
    await delete(stage)
    await stage.press("enter")


async def explained(stage: Stage) -> None:
    """What `i` says."""
    await matrix(stage)
    await stage.press("i")


async def help_page(stage: Stage) -> None:
    """The keys that apply."""
    await matrix(stage)
    await stage.press("question_mark")


async def glossary(stage: Stage) -> None:
    """The words, each with its picture."""
    await help_page(stage)
    await stage.press("g")


async def palette(stage: Stage) -> None:
    """Every action."""
    await matrix(stage)
    await stage.press("ctrl+p")


async def lesson(stage: Stage) -> None:
    """The first step of a lesson."""
    await stage.see("T1 to T3")


async def lessons(stage: Stage) -> None:
    """The choice of a lesson."""
    await lesson(stage)
    await stage.press("f2")


async def rehearsal(stage: Stage) -> None:
    """The pull, some steps on."""
    await matrix(stage)
    await stage.press("f3")
    await stage.press("enter")
    await stage.press("a", "a", "a")


async def digests(stage: Stage) -> None:
    """Why there are four digests."""
    await matrix(stage)
    await stage.press("f4")


async def dialog(stage: Stage) -> None:
    """The field that takes anything."""
    await matrix(stage)
    await stage.press("o")


async def tag_dialog(stage: Stage) -> None:
    """The question for another tag."""
    await matrix(stage)
    await stage.press("T")


async def saving(stage: Stage) -> None:
    """Where to save."""
    await matrix(stage)
    await stage.press("ctrl+s")


async def quitting(stage: Stage) -> None:
    """The question before a draft is thrown away."""
    await draft(stage)
    await stage.press("x")
    await stage.press("escape")
    await stage.press("q")


async def toast(stage: Stage) -> None:
    """A notice above the footer."""
    await matrix(stage)
    await stage.press("c")


async def filtering(stage: Stage) -> None:
    """The tags that a filter leaves."""
    await stage.see("20,000")
    await stage.press("slash")
    await stage.write("3")


async def tab(stage: Stage, name: str) -> None:
    """Go to a tab of the detail by its id."""
    for _ in range(8):
        if stage.app.main_screen.detail.tab == name:
            await stage.quiet()
            return
        await stage.press("right_square_bracket")
    raise RuntimeError(f"there is no tab {name}:\n{stage.text()}")


PAGES = (
    Scene("start", None, start),
    Scene("catalog", "", catalog),
    Scene("tree", "library/hello:1.0", healthy),
    Scene("matrix", LIST, matrix),
    Scene("many", "gallery/many-platforms", many),
    Scene("layers", LIST, layers),
    Scene("config", LIST, config),
    Scene("json", LIST, document),
    Scene("findings", LIST, findings),
    Scene("platform", LIST, platform),
    Scene("layer", LIST, layer),
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
    Scene("delete-plan", LIST, delete_plan),
    Scene("copy-menu", "library/hello:1.0", copy_menu),
    Scene("explained", LIST, explained),
    Scene("help", LIST, help_page),
    Scene("glossary", LIST, glossary),
    Scene("palette", LIST, palette),
    Scene("lesson", "", lesson, lesson="stale-list"),
    Scene("lessons", "", lessons, lesson="stale-list"),
    Scene("rehearsal", LIST, rehearsal),
    Scene("digests", LIST, digests),
    Scene("dialog", LIST, dialog),
    Scene("tag-dialog", LIST, tag_dialog),
    Scene("saving", LIST, saving),
    Scene("toast", LIST, toast),
    Scene("quit", LIST, quitting),
)
