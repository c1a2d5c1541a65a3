"""Reports to write in every form: whole, broken, undetermined, hostile."""

from __future__ import annotations

from dataclasses import replace

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.choice import Choice
from tui.explore.explorer import Explorer
from tui.explore.finding import Severity, make
from tui.explore.report import Report, exit_status, failed_report, partial_report, report
from tui.explore.tally import Tally
from tui.explore.verdict import Coverage
from tui.formats.forms import open_writer
from tui.formats.writer import Sheet
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.presence import Presence

#: What would be markup, a command or a quote in one of the forms, if it came out as it is.
HOSTILE = """<script>alert(1)</script>"'&]]>-->::error::x##[add-mask]y%0A{{ 7*7 }}|`[a](b)"""


async def of(source: FakeSource, tag: str = "1", expected: tuple[str, ...] = ()) -> Report:
    """The report of a check of app:TAG."""
    explorer = Explorer()
    node = explorer.add_selector(source, "app", tag)
    await explorer.check(node).wait()
    return report(node, explorer.observations, choice=Choice((), tuple(map(Platform.parse, expected))))


def two_platforms() -> tuple[FakeSource, images.Image]:
    """app:1 for two platforms whose first layer is the same; one of them attested."""
    source = FakeSource()
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    source.put("app", images.index(amd, arm, images.attestation(arm)), "1")
    return source, arm


async def whole() -> Report:
    source, _ = two_platforms()
    return await of(source)


async def broken() -> Report:
    source, arm = two_platforms()
    source.drop("app", arm.blobs[2].digest)
    return await of(source)


async def hostile() -> Report:
    """A broken one whose every text holds what would be markup."""
    made = await broken()
    finding = make("missing-blob", "", HOSTILE, platform=HOSTILE, digest=made.digest, facts=(HOSTILE, HOSTILE))
    for line in made.platforms:
        for row in line.node.walk():
            row.note = row.label = HOSTILE
    for part in made.objects:
        part.observation = replace(part.observation, detail=HOSTILE)
        part.platforms[:] = [HOSTILE]
    return replace(
        made,
        reference=f"host/app:{HOSTILE}",
        media_type=HOSTILE,
        verdict=replace(made.verdict, sentence=HOSTILE, severity=Severity.ERROR),
        platforms=tuple(replace(line, platform=f"{HOSTILE}{place}") for place, line in enumerate(made.platforms)),
        findings=(finding,),
    )


async def every() -> list[Report]:
    """One of each kind."""
    source, _ = two_platforms()
    return [
        await whole(),
        await broken(),
        await of(source, expected=("linux/riscv64",)),
        failed_report("oci:/none", SourceError(Presence.UNREACHABLE, "/none cannot be read.")),
        failed_report("host/app:9", SourceError(Presence.MISSING, "Not found: the manifest 9 of app.")),
        partial_report("host/app", Coverage(3, 20, why="The list broke off.")),
        await hostile(),
    ]


def written(form: str, reports: list[Report], sheet: Sheet | None = None) -> str:
    """The whole document."""
    writer = open_writer(form, sheet or Sheet())
    writer.several = len(reports) > 1
    tally = Tally()
    parts = []
    for each in reports:
        tally.add(exit_status(each))
        parts.append(writer.put(each))
    return "".join([*parts, *writer.end(tally)])
