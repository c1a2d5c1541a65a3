"""Drafts, plans and pushes as lines: every word comes from the data, nothing is cut that must be whole."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.support.images import Blob, image, layer
from tui.app.keys import Keys
from tui.app.pages.draft import Sides, entry_page, notices, order, source_text, summary, table
from tui.app.pages.plan import difference, plan_brief, plan_line, plan_page
from tui.app.pages.push import Progress, progress_page, result_page
from tui.app.styled_text import Line, Lines, Role
from tui.compose.draft import Draft, Entry, EntryVerdict, TypeChoice
from tui.compose.events import BytesMoved, Notice, Outcome, PushResult, StepDone, StepFailed, StepStarted, Waiting
from tui.compose.plan import Action, DiffRow, How, Plan, PlannedObject, Step, StepKind
from tui.compose.validate import Problem, problems
from tui.explore.diff import Change
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest, decode
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.location import RepositoryLocation
from tui.tools.table import CommandLine

TARGET = Reference.parse("127.0.0.1:5000/app:1.0")
key_of = Keys().line
HOME = RepositoryLocation("app", "127.0.0.1:5000")


def digest(seed: str) -> Digest:
    return Digest.of(seed.encode())


def entry(key: str, platform: str | None = "linux/amd64", **changes: object) -> Entry:
    kind = media.OCI_MANIFEST
    held = Descriptor(kind, digest(key), 735, platform=Platform.parse(platform) if platform else None)
    row = Entry(key, held, source=f"127.0.0.1:5000/app:{key}", home=HOME, was=digest("old" + key), now=digest(key),
                verdict=EntryVerdict.MOVED)  # fmt: skip
    return replace(row, **changes)  # type: ignore[arg-type]


def attestation(key: str, of: Entry, **changes: object) -> Entry:
    annotations = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": str(of.descriptor.digest),
    }
    held = Descriptor(
        media.OCI_MANIFEST, digest(key), 900, platform=Platform("unknown", "unknown"), annotations=annotations
    )
    return replace(Entry(key, held, was=digest(key), now=digest(key), verdict=EntryVerdict.UNCHANGED), **changes)  # type: ignore[arg-type]


def image_manifest(*layers: Blob) -> ImageManifest:
    made = image("linux/amd64", layers)
    manifest = decode(made.raw, made.descriptor.media_type)
    assert isinstance(manifest, ImageManifest)
    return manifest


def words(lines: Lines | list[Line]) -> str:
    page = lines if isinstance(lines, Lines) else Lines(lines)
    return "\n".join(page.plain(number) for number in range(len(page)))


def test_attestations_stand_below_the_image_that_they_describe() -> None:
    one, two = entry("a"), entry("b", "linux/arm64")
    draft = Draft(TARGET, entries=(attestation("pa", one), two, one, attestation("orphan", entry("other"))))
    assert [row.key for row in order(draft)] == ["b", "a", "pa", "orphan"]
    _, lines = table(draft, 100)
    assert "└ attestation" in lines[2].plain and "└" not in lines[3].plain


@pytest.mark.parametrize("room", [56, 76, 118])
def test_the_table_fits_its_room_and_names_layers_size_and_verdict(room: int) -> None:
    was = image_manifest(layer("base"), layer("a layer of more bytes than the other"))
    now = image_manifest(layer("base"), layer("new"))
    draft = Draft(TARGET, entries=(entry("a"), entry("unread", "linux/arm64"), entry("n", verdict=EntryVerdict.NEW)))
    images = {"a": (was, now), "unread": (None, None), "n": (None, now)}
    head, lines = table(draft, room, lambda row: images[row.key])
    assert all(len(line.plain) <= room for line in (head, *lines))
    wide = room > 100
    assert ("1 kept, 1 dropped, 1 added" if wide else "±1 of 2") in lines[0].plain
    sizes = [f"{sum(part.size for part in (*each.layers, each.config) if part)} B" for each in (was, now)]
    assert (f"{sizes[0]} → {sizes[1]}" if wide else f" {sizes[1]} ") in lines[0].plain
    assert "layer" not in lines[1].plain and " B " not in lines[1].plain, "nothing is said of what was not read"
    assert "2 layers" in lines[2].plain and f" {sizes[1]} " in lines[2].plain
    assert lines[0].plain.rstrip().endswith("moved") and lines[2].plain.rstrip().endswith("new")


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("127.0.0.1:5000/app:1.0-amd64", ":1.0-amd64"),
        ("127.0.0.1:5000/app/amd64:1.0", "/app/amd64:1.0"),
        ("127.0.0.1:5000/apple:1", "/apple:1"),
        ("ghcr.io/owner/app:1", "ghcr.io/owner/app:1"),
        (f"127.0.0.1:5000/app@{digest('x')}", f"@sha256:{digest('x').encoded[:12]}"),
        (None, ""),
    ],
)
def test_sources_are_short_where_that_leaves_no_doubt(source: str | None, shown: str) -> None:
    assert source_text(entry("a", source=source), TARGET) == shown


def test_a_proposal_is_marked_as_one_and_its_reason_is_said() -> None:
    row = entry("a", proposed=True, note="proposed: named after the list")
    _, lines = table(Draft(TARGET, entries=(row,)), 100)
    assert ":a (guess)" in lines[0].plain
    text = words(entry_page(row, key_of))
    assert "named after the list" in text and "Enter to change" in text


def test_sources_that_are_too_long_show_the_part_that_differs() -> None:
    rows = [entry(f"nightly-2026-{name}", f"linux/{name}") for name in ("amd64", "arm64")]
    _, lines = table(Draft(TARGET, entries=tuple(replace(row, proposed=True) for row in rows)), 70)
    assert "…amd64 (guess)" in lines[0].plain and "…arm64 (guess)" in lines[1].plain
    _, lines = table(Draft(TARGET, entries=tuple(rows)), 118)
    assert ":nightly-2026-amd64" in lines[0].plain


@pytest.mark.parametrize("room", [50, 74, 114])
def test_an_entry_that_moved_shows_the_layers_of_both_images_side_by_side(room: int) -> None:
    sides = [
        image_manifest(layer("base"), layer("old"), layer("more")),
        image_manifest(layer("base"), layer("new")),
    ]

    def held(part: Descriptor) -> tuple[str, Role]:
        return ("✗ missing", "bad") if part.digest == layer("old").digest else ("", "plain")

    page = entry_page(entry("a"), key_of, Sides(sides[0], sides[1], held, lambda part: ("", "plain"), room))
    assert re.search(r"layers +1 kept \(\d+ B\), 2 dropped \(\d+ B\), 1 added \(\d+ B\)", words(page))
    shown = [line for line in page if re.match("[ -] layer", line.plain)]
    assert [re.findall(r"[-+ ] layer \d", line.plain) for line in shown] == [
        ["  layer 1", "  layer 1"],
        ["- layer 2", "+ layer 2"],
        ["- layer 3"],
    ]
    assert all(len(line.plain) <= room for line in shown)
    assert {role for line in shown[1:] for _, _, role in line.spans} >= {"removed", "added"}
    assert ("✗ missing" in shown[1].plain) is (room > 60), "it comes before the digest"
    assert layer("new").digest.encoded[:8] in shown[1].plain or room < 60
    assert not any(line.links for line in page)


def test_an_entry_is_shown_with_whole_digests_and_safe_annotations() -> None:
    held = replace(entry("a").descriptor, annotations={"evil\x1b[0m": "\u202ereversed"})
    text = words(entry_page(entry("a", descriptor=held), key_of))
    assert str(digest("olda")) in text and str(digest("a")) in text
    assert "\x1b" not in text and "\u202e" not in text and "\\x1b" in text


def test_problems_come_first_and_offers_name_their_key() -> None:
    draft = Draft(TARGET, entries=(entry("a"),), annotations={"a": "b"}, choice=TypeChoice.DOCKER)
    text = words(notices(draft, problems(draft), ("Added it.",), key_of))
    assert text.startswith("✗ A Docker manifest list cannot hold annotations") and "o chooses the OCI type" in text
    assert text.endswith("· Added it.")
    assert "The list is valid" in words(notices(draft, (), (), key_of))


def test_the_summary_counts_images_only() -> None:
    one = entry("a")
    draft = Draft(TARGET, entries=(one, attestation("p", one), entry("b", "linux/arm64", verdict=EntryVerdict.GONE)))
    assert summary(draft) == "1 moved, 1 gone"
    assert summary(Draft(TARGET)) == "no image"


def step(number: int, kind: StepKind, **changes: object) -> Step:
    made = Step(number, kind, f"{kind} it", digest(str(number)), 1000)
    return replace(made, **changes)  # type: ignore[arg-type]


def plan(**changes: object) -> Plan:
    objects = (
        PlannedObject(digest("l1"), "layer", "t", 5000, How.PRESENT, ("linux/amd64",)),
        PlannedObject(
            digest("l2"),
            "layer",
            "t",
            6000,
            How.MOUNT,
            ("linux/arm64",),
            RepositoryLocation("app/arm64", "127.0.0.1:5000"),
        ),
        PlannedObject(digest("l3"), "config", "t", 700, How.NOWHERE, ("linux/arm64",), detail="404 in app"),
    )
    made = Plan(
        Action.PUSH,
        TARGET,
        (step(1, StepKind.MOUNT), step(2, StepKind.COPY, size=2_000_000), step(3, StepKind.TAG)),
        objects=objects,
        media_type=media.OCI_INDEX,
        digest=digest("new"),
        raw=b"{}",
        before=digest("old"),
        problems=(Problem("nowhere", f"The config {digest('l3')} exists nowhere."),),
        warnings=("Signatures stay behind.",),
        diff=(DiffRow(Change.CHANGED, "linux/arm64", str(digest("x")), str(digest("y"))),),
        asked=7,
        confirmation="It will be pushed.",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_plan_of_a_repository_s_fix_does_not_look_like_that_of_one_tag() -> None:
    text = words(plan_page(plan(action=Action.FIX, tags=("1.1", "1.2"))))
    assert f"{TARGET} and 2 other tags" in text
    assert "other tags" not in words(plan_page(plan(action=Action.DELETE, tags=("1.1", "1.2"))))


def test_a_plan_says_what_is_there_what_travels_and_what_is_nowhere() -> None:
    text = words(plan_page(plan(), (CommandLine("crane", "copy", "crane copy a b"),)))
    assert text.startswith("Blocked")
    for needed in (digest("l3"), digest("old"), digest("new"), digest("x"), digest("y")):
        assert str(needed) in text
    assert "1 present, 1 mount, 1 nowhere" in text and "from 127.0.0.1:5000/app/arm64" in text
    assert "7 requests, 2.0 MB to transfer; planning took 7" in text
    assert "1 layer: already in the repository" in text and "crane copy a b" in text
    assert "! Signatures stay behind." in text


def test_a_plan_with_mounts_says_what_a_mount_is() -> None:
    text = words(plan_page(plan()))
    assert text.count("A mount links a blob") == 1 and text.index("A mount") > text.index("Steps")
    assert "A mount" not in words(plan_page(replace(PUSH, steps=(COPY,))))


def test_a_plan_names_the_keys_of_now() -> None:
    keys = Keys({"plan-objects": "f8", "plan-next-link": "f9"})
    text = words(plan_page(plan(), (CommandLine("crane", "copy", "crane copy a b"),), put_in=keys.put_in))
    assert "(f8 lists every one)" in text and "f9 chooses one" in text


def test_every_object_can_be_listed_and_commands_are_links() -> None:
    page = plan_page(plan(problems=()), (CommandLine("crane", "copy", "crane copy a b"),), every=True)
    assert "already in the repository" not in words(page)
    assert "crane copy a b" in [link.target.value for _, link in page.links()]


def test_a_long_command_is_shown_short_and_copied_whole() -> None:
    lines = [f"curl --data {number} {'x' * 2000 if number == 3 else ''}" for number in range(40)]
    whole = " &&\n".join(lines)
    page = plan_page(plan(), [CommandLine("curl", "PUT", whole)])
    copied = [link.target.value for _, link in page.links() if link.target.value.startswith("curl")]
    assert copied == [whole]
    text = words(page)
    shown = [number for number in range(40) if f"curl --data {number} " in text]
    assert shown == [*range(11), 39]
    assert "28 more lines" in text
    assert len(max(text.splitlines(), key=len)) < 1000


PUSH = Plan(
    Action.PUSH,
    TARGET,
    (Step(1, StepKind.TAG, "put the index as app:1.0, and read it back", digest("new"), 683),),
    objects=(PlannedObject(digest("there"), "layer", media.OCI_LAYER_GZIP, 202, How.PRESENT),),
    digest=digest("new"),
    before=digest("old"),
)
COPY = Step(1, StepKind.COPY, "copy the layer", digest("there"), 202)
NOWHERE = PlannedObject(digest("gone"), "layer", media.OCI_LAYER_GZIP, 202, How.NOWHERE)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (PUSH, "✓ Ready: 3 requests, nothing to upload; U puts the old digest back"),
        (replace(PUSH, before=None), "✓ Ready: 3 requests, nothing to upload; the tag is new"),
        (replace(PUSH, steps=(COPY, *PUSH.steps)), "✓ Ready: 6 requests, 202 B to upload; U puts the old digest back"),
        (replace(PUSH, steps=(), confirmation="app:1.0 holds exactly this already."), "· app:1.0 holds exactly this"),
        (replace(PUSH, problems=(Problem("nowhere", "The layer was not found."),)), "✗ Blocked: 1 problem above"),
        (
            replace(PUSH, problems=(Problem("a", "A."), Problem("b", "B.")), objects=(NOWHERE,)),
            "✗ Blocked: 2 problems above. P lists all; Enter changes a source, x removes a row",
        ),
    ],
    ids=["ready", "new tag", "a copy", "nothing to do", "blocked", "something nowhere"],
)
def test_what_a_plan_comes_to_in_a_line(plan: Plan, said: str) -> None:
    assert plan_line(plan, Keys().put_in).plain.startswith(said)


def test_a_plan_in_short_has_every_step_and_what_is_there() -> None:
    assert words(plan_brief(PUSH)) == (
        f"  1. put the index as app:1.0, and read it back  {digest('new').short}\n"
        "     1 object already in app: nothing to upload"
    )
    text = words(plan_brief(replace(PUSH, steps=(COPY, *PUSH.steps))))
    assert "copy the layer, 202 B" in text and "nothing to upload" not in text


def test_a_difference_shows_both_digests_whole_and_short_values_in_a_line() -> None:
    rows = (
        DiffRow(Change.SAME, "linux/amd64", str(digest("s")), str(digest("s"))),
        DiffRow(Change.CHANGED, "type", "Docker", "OCI"),
        DiffRow(Change.ADDED, "linux/s390x", after=str(digest("z"))),
    )
    text = words(difference(rows))
    assert "~ type  Docker → OCI" in text and f"+ {digest('z')}" in text and str(digest("s")) not in text


def test_progress_ticks_counts_bytes_and_counts_down() -> None:
    progress = Progress(plan(problems=()))
    mount, copy, tag = progress.plan.steps
    for event in (
        StepStarted(mount),
        StepDone(mount, "mounted"),
        StepStarted(copy),
        BytesMoved(copy, 500_000, 2_000_000),
    ):
        progress.take(event)
    progress.take(Waiting(copy, 12.0, "too many requests"))
    progress.take(Notice("The mount was refused; it is copied instead."))
    text = words(progress_page(progress, "|"))
    assert "1 of 3 steps" in text and "500.0 kB of 2.0 MB" in text and "mounted" in text
    assert "waiting 12 s (step 2): too many requests" in text and "━━━━·" in text and "refused" in text
    progress.take(Waiting(copy, 0.0, ""))
    progress.take(StepFailed(tag, "the registry said no"))
    text = words(progress_page(progress, "|"))
    assert "waiting" not in text and "✗   3." in text and "the registry said no" in text


@pytest.mark.parametrize(
    ("outcome", "needed"),
    [
        (Outcome.PUSHED, "Done."),
        (Outcome.CONFLICT, "Tag changed by someone else"),
        (Outcome.FAILED, "Failed."),
        (Outcome.CANCELLED, "Stopped."),
        (Outcome.UNVERIFIED, "not verified"),
    ],
)
def test_every_end_says_what_the_tag_holds(outcome: Outcome, needed: str) -> None:
    result = PushResult(outcome, TARGET, "A sentence.", digest=digest("new"), tag_holds=digest("held"))
    result = replace(result, base=digest("base"), theirs=digest("theirs"), missing=("sha256:lost",))
    text = words(result_page(Progress(plan()), result))
    assert needed in text and "A sentence." in text and "sha256:lost" in text
    if outcome is Outcome.CONFLICT:
        assert all(str(digest(each)) in text for each in ("base", "theirs", "new"))
    elif outcome is Outcome.PUSHED:
        assert f"127.0.0.1:5000/app@{digest('new')}" in text
    else:
        assert str(digest("held")) in text


def test_the_end_of_a_push_says_how_it_is_undone_where_it_can_be() -> None:
    result = PushResult(Outcome.PUSHED, TARGET, "Done.", digest=digest("new"), base=digest("old"), record="7")
    assert "U on the tag puts the old digest back." in words(result_page(Progress(plan()), result, undo="U"))
    for other in (
        replace(result, record=""),
        replace(result, base=None),
        replace(result, base=digest("new")),
        replace(result, outcome=Outcome.FAILED),
    ):
        assert "puts the old" not in words(result_page(Progress(plan()), other, undo="U"))


def test_a_tag_that_is_not_known_is_said_to_be_unknown() -> None:
    result = PushResult(Outcome.FAILED, TARGET, "No answer.", tag_known=False)
    assert "unknown: could not be read" in words(result_page(Progress(plan()), result))
    gone = PushResult(Outcome.CANCELLED, TARGET, "Stopped.")
    assert "no such tag" in words(result_page(Progress(plan()), gone))
