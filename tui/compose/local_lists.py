"""Docker's local lists and drafts: pushing one as it is, recreating it, and writing back what was fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tui.compose.draft import Draft, DraftKind, Entry, EntryVerdict, LocalList, from_index
from tui.compose.errors import DraftError
from tui.compose.plan import Action, Plan, Step, StepKind
from tui.compose.recreate import recreate
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import Index, decode
from tui.oci.reference import Reference
from tui.sources.docker_lists import StoredList, entry_file, stored_name
from tui.sources.docker_manifests import Compared, Comparison
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import plural, safe


def draft_of_local(
    folder: Path, stored: StoredList, target: Reference | None = None, compared: Comparison | None = None
) -> Draft:
    """The stored list as it is, entries unchanged and their platforms as `docker manifest annotate` left them.

    `folder` is the `manifests` folder; `target` is needed when the list's name cannot be told. `compared` is
    the list held against the registry: rows say what their references hold now, and the stored images go in all the
    same. Without it nothing is known of that, and every row is called unchanged. Raises DraftError.
    """
    index = _index(stored)
    homes = {entry.descriptor.digest: entry for entry in stored.entries}
    by_reference = {(each.reference, each.was): each for each in (compared.entries if compared is not None else ())}
    draft = from_index(_target(stored, target), index, kind=DraftKind.LOCAL)
    entries: list[Entry] = []
    for row in draft.entries:
        entry = homes[row.descriptor.digest]
        row = replace(row, source=str(entry.reference), home=RepositoryLocation.of(entry.reference))
        entries.append(_as_found(row, by_reference.get((entry.reference, entry.descriptor.digest))))
    return replace(draft, entries=tuple(entries), local_list=_place(folder, stored))


async def recreate_local(
    inspector: Inspector,
    folder: Path,
    stored: StoredList,
    target: Reference | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> Draft:
    """A draft in which each entry is what its `Ref` holds now. Raises DraftError when the list cannot be read."""
    index = _index(stored)
    name = _target(stored, target)
    sources = {entry.descriptor.digest: str(entry.reference) for entry in stored.entries}
    draft = await recreate(
        inspector,
        name,
        index,
        RepositoryLocation.of(name),
        sources=sources,
        propose=False,
        tag_known=False,
        progress=progress,
    )
    return replace(draft, local_list=_place(folder, stored))


def local_files(
    draft: Draft, raws: Mapping[Digest, bytes], *, pushed: bool = True
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files that the local list shall hold, after a push if `pushed`, and what cannot be kept there (safe).

    `raws` are the manifests' bytes. Docker's lists hold no annotations, so that attestations, which need them, are
    left out: `docker manifest push` would make nameless images of them.
    """
    files: dict[str, bytes] = {}
    notes: list[str] = []
    left_out = 0
    for entry in draft.kept:
        raw = raws.get(entry.descriptor.digest)
        if entry.is_attestation or raw is None:
            left_out += entry.is_attestation
            continue
        reference = _reference(entry, draft.target, files)
        if reference.registry != draft.target.registry:
            notes.append(
                f"{safe(str(reference))} is in another registry: docker manifest push will refuse this local list."
            )
        descriptor = replace(entry.descriptor, annotations={})
        files[stored_name(str(reference))] = entry_file(reference, descriptor, raw)
    if left_out:
        one = left_out == 1
        if pushed:
            then = f"{'is' if one else 'are'} only pushed"
        else:
            then = f"{'is' if one else 'are'} left out: pushing that list will not bring {'it' if one else 'them'}"
        notes.append(f"{plural(left_out, 'attestation')} cannot be kept in Docker's local list and {then}.")
    return files, tuple(notes)


def plan_local_write(draft: Draft, raws: Mapping[Digest, bytes]) -> Plan:
    """The plan that only fixes the local list and pushes nothing. Raises DraftError when the draft has none."""
    if draft.local_list is None:
        raise DraftError("Not a draft of a Docker local list.")
    files, notes = local_files(draft, raws, pushed=False)
    step = local_step(draft.local_list, files)
    text = f"{safe(draft.local_list.name)} will hold {plural(len(files), 'entry', 'entries')}; nothing is pushed."
    sources = {entry.descriptor.digest: entry.source for entry in draft.images if entry.source}
    return Plan(Action.LOCAL, draft.target, (step,), warnings=notes, confirmation=text, sources=sources)


def plan_remove_local(folder: Path, stored: StoredList) -> Plan:
    """The plan that removes a local list, as `docker manifest rm` does. The registry is not touched."""
    target = stored.name or (stored.candidates[0] if stored.candidates else Reference("local", "list", "stored"))
    step = Step(
        1, StepKind.REMOVE_LOCAL_LIST, f"remove Docker's local list {stored.label}", local_list=_place(folder, stored)
    )
    text = f"Removes {stored.label} from {safe(str(folder))}. The registry stays unchanged."
    left = tuple(f"{safe(name)} is not an entry ({why}) and stays." for name, why in stored.strays)
    return Plan(Action.DELETE, target, (step,), confirmation=text, type_to_confirm=stored.label, warnings=left)


def local_step(local_list: LocalList, files: Mapping[str, bytes]) -> Step:
    """The step that writes the local list."""
    title = f"write Docker's local list {safe(local_list.name)} ({plural(len(files), 'entry', 'entries')})"
    return Step(1, StepKind.LOCAL_LIST, title, local_list=local_list, files=dict(files))


def targets(stored: StoredList) -> Sequence[Reference]:
    """The references that the list may have been made for, best first; empty when its entries tell nothing."""
    return tuple(dict.fromkeys((*((stored.name,) if stored.name is not None else ()), *stored.candidates)))


def _as_found(row: Entry, compared: Compared | None) -> Entry:
    """A row of a stored list with what its reference holds now; what goes into the index stays as it is stored."""
    if compared is None:
        return row
    note = "" if compared.now == row.was else compared.sentence
    if compared.now is not None:
        verdict = EntryVerdict.UNCHANGED if compared.now == row.was else EntryVerdict.MOVED
    else:
        verdict = EntryVerdict.GONE if compared.presence is Presence.MISSING else EntryVerdict.UNKNOWN
    return replace(row, now=compared.now, verdict=verdict, note=note)


def _reference(entry: Entry, target: Reference, taken: Mapping[str, bytes]) -> Reference:
    """The `Ref` of an entry: its source by tag if that is no other entry's, else its digest where it came from."""
    try:
        reference = Reference.parse(entry.source or "")
        if stored_name(str(reference)) not in taken:
            return reference
    except OciError:
        pass  # the source is a layout, or not known: named by its digest below
    home = entry.home if entry.home is not None and not entry.home.on_disk else RepositoryLocation.of(target)
    return Reference.parse(home.by_digest(entry.descriptor.digest))


def _index(stored: StoredList) -> Index:
    if not stored.entries:
        why = f": {stored.strays[0][1]}" if stored.strays else ""
        raise DraftError(f"The stored list {stored.label} has no entries{why}.")
    try:
        index = decode(*stored.pushed())
    except OciError as error:
        raise DraftError(f"The stored list {stored.label} cannot be read: {error}") from None
    if not isinstance(index, Index):
        raise DraftError(f"The stored list {stored.label} is not an index.")
    return index


def _target(stored: StoredList, target: Reference | None) -> Reference:
    chosen = target or stored.name
    if chosen is None:
        raise DraftError(f"Target unknown from Docker's folder name {safe(stored.folder)}. Name the target.")
    return chosen


def _place(folder: Path, stored: StoredList) -> LocalList:
    return LocalList(str(folder / stored.folder), stored.label, stored.entries)
