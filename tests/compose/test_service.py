"""What drafts need besides a registry: undoing edits, and short names for where to push to."""

from __future__ import annotations

from tui.compose import edit
from tui.compose.draft import Draft, Entry, EntryVerdict
from tui.compose.editor import DraftEditor
from tui.compose.targets import common_tag, complete_reference
from tui.explore.explorer import Explorer
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.oci.reference import Reference

TARGET = Reference.parse("127.0.0.1:5000/app:1.0")


def entry(key: str, platform: str = "linux/amd64") -> Entry:
    digest = Digest.of(key.encode())
    held = Descriptor(media.OCI_MANIFEST, digest, 735, platform=Platform.parse(platform))
    return Entry(key, held, was=Digest.of(b"old" + key.encode()), now=digest, verdict=EntryVerdict.MOVED)


def test_edits_can_be_undone_and_done_again() -> None:
    first = Draft(TARGET, entries=(entry("a"), entry("b", "linux/arm64")))
    editor = DraftEditor(first)
    assert not editor.undo() and not editor.changed
    second = edit.remove(first, "a")
    editor.take(second)
    assert editor.news == ("Removed linux/amd64.",)
    assert editor.undo()
    assert editor.draft is first
    assert editor.redo()
    assert editor.draft is second
    assert not editor.redo()
    editor.undo()
    editor.take(edit.remove(first, "b"))
    assert not editor.redo(), "a new edit ends what could be done again"


def test_short_references_are_completed_from_where_one_is() -> None:
    near = Reference.parse("127.0.0.1:5000/app:1.0")
    explorer = Explorer()
    assert complete_reference(":2", near, explorer) == "127.0.0.1:5000/app:2"
    assert complete_reference("/other:2", near, explorer) == "127.0.0.1:5000/other:2"
    assert complete_reference("ubuntu:24.04", near, explorer) == "ubuntu:24.04"
    assert complete_reference(" :2 ", None, explorer) == ":2"
    assert common_tag([]) == ""
