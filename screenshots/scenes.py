"""The scenes: what is opened, and the keys that are pressed."""

from __future__ import annotations

from screenshots.stage import Act, Scene, Stage, after


async def healthy(stage: Stage) -> None:
    """The whole tree of a healthy image, checked."""
    await stage.see("linux/amd64")
    await stage.find("1.0")
    await stage.press("x")
    await stage.see("5/5")
    await stage.find("linux/amd64")
    await stage.press("equals_sign")
    await stage.see("SBOM")


async def matrix(stage: Stage) -> None:
    """The stale list, checked whole: its platforms by objects, with the cursor on the one that is missing."""
    await stage.see("linux/arm64")
    await stage.find("0.16-edge")
    await stage.press("x")
    await stage.see("Findings 3")


async def broken(stage: Stage) -> None:
    """The same, and the platform that cannot be pulled, opened."""
    await matrix(stage)
    await stage.find("linux/arm64")
    await stage.press("l")
    await stage.see("missing")


requests = after(broken, "at", "3", "end")


async def copy_menu(stage: Stage) -> None:
    """Everything that can be copied of a platform."""
    await stage.see("linux/arm64")
    await stage.find("linux/arm64")
    await stage.press("y")


async def draft(stage: Stage) -> None:
    """R on the stale list: was, is now, verdict."""
    await stage.see("linux/arm64")
    await stage.find("0.16-edge")
    await stage.press("R")
    await stage.see("moved")


async def plan(stage: Stage) -> None:
    """Everything that will be done, before any of it is."""
    await draft(stage)
    await stage.press("P")
    await stage.see("ready")


BROKEN = "dockerfun"
BROKEN_TAG = "6b972be0"


async def fix_plan(stage: Stage) -> None:
    """F on a list whose blobs are in other repositories: the plan."""
    await stage.see("linux/arm64")
    await stage.find(BROKEN_TAG)
    await stage.press("F")
    await stage.see("No digest changes")


async def fix(stage: Stage) -> None:
    """That plan, and y: what came of it."""
    await fix_plan(stage)
    await stage.picture("plan", title="2. F: the plan")
    await stage.press("y")
    await stage.see("Done.")
    await stage.picture("pushed", title="3. y: what was done")


async def nested(stage: Stage) -> None:
    """The second story: one staging tag is an index with an attestation, the others are images."""
    await stage.see("riscv64")
    await stage.find("ubuntu-24.04-ocaml-5.4-riscv64")
    await stage.press("equals_sign")
    await stage.see("attestation")


BEFORE = (("library/hello:1.0", "5/5"), ("ocurrent/opam-staging", "riscv64"), ("sandbox:0.16-edge", "arm64 broken"))


async def start(stage: Stage) -> None:
    """Where to begin, after two images were looked at."""
    await stage.see("Recent")


def stale_list(size: str) -> Act:
    """Lesson 2 from the first key to the last, as somebody does it who does what the panel says."""

    async def act(stage: Stage) -> None:
        async def step(number: int, words: str) -> None:
            await stage.see(words)
            await stage.picture(f"lesson-2/{size}-{number:02}")

        await stage.see("T1 to T3")
        await step(1, "sandbox")
        await stage.find("sandbox")
        await stage.press("enter")
        await stage.find("0.16-edge")
        await stage.press("enter")
        await step(2, "T4 and T5")
        await stage.find("0.16-edge-amd64")
        await stage.press("enter")
        await step(3, "What Docker remembers")
        await stage.press("e")  # "show me" opens what the step is about
        await stage.press("enter")
        await step(4, "T6")
        await stage.press("x")
        await step(5, "The push that failed")
        await stage.press("a")
        await step(6, "MANIFEST_BLOB_UNKNOWN")
        await stage.press("escape", "e", "x")
        await step(7, "Recreate")
        await stage.press("R")
        await step(8, "moved")
        await stage.press("P")
        await step(9, "3 requests.")
        await stage.press("y")
        await step(10, "verified")
        await stage.press("escape", "e", "x")
        await step(11, "Read the digest back")
        await stage.press("e", "c")
        await step(12, "Done: all")

    return act


SCENES = (
    Scene("start", None, start, before=BEFORE),
    Scene("healthy", "library/hello:1.0", healthy),
    Scene("matrix", "sandbox:0.16-edge", matrix),
    Scene("broken", "sandbox:0.16-edge", broken),
    Scene("broken-80x24", "sandbox:0.16-edge", broken, size=(80, 24)),
    Scene("light", "sandbox:0.16-edge", after(broken, "t")),
    Scene("requests", "sandbox:0.16-edge", requests),
    Scene("copy-menu", "library/hello:1.0", copy_menu),
    Scene("nested", "ocurrent/opam-staging", nested),
    Scene("draft", "sandbox:0.16-edge", draft),
    Scene("plan", "sandbox:0.16-edge", plan),
    Scene("lesson-2-120x40", "", stale_list("120x40"), lesson="stale-list", tour=True),
    Scene("lesson-2-80x24", "", stale_list("80x24"), size=(80, 24), lesson="stale-list", tour=True),
)
