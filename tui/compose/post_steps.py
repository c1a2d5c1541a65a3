"""Steps that are no upload: deleting, a referrers tag, Docker's local lists. They come after the tag, or alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui.compose import layout
from tui.compose.delete import tagged_since
from tui.compose.draft import LocalList
from tui.compose.errors import ComposeError, LocalListError
from tui.compose.plan import Plan, Step, StepKind
from tui.compose.tag_write import GRACE
from tui.explore.inspector import Inspector
from tui.oci import media
from tui.oci.manifest import Index
from tui.registry import errors
from tui.sources.docker_lists import DockerLists
from tui.sources.location import RepositoryLocation
from tui.text import plural, safe

#: Writers of one referrers tag can overwrite each other; it is read back and written again this often
#: (docs/protocol-notes.md, H-03).
_ROUNDS = 4


class PostSteps:
    """Runs one side step of a plan; gives how it went (safe). Raises RegistryError or ComposeError. May be repeated.
    `sent` is called before a deletion is sent."""

    def __init__(self, inspector: Inspector, plan: Plan, sent: Callable[[], None]) -> None:
        self._inspector = inspector
        self._client = inspector.client
        self._plan = plan
        self._sent = sent
        self._target = RepositoryLocation.of(plan.target)

    async def run(self, step: Step) -> str:
        """Do it."""
        match step.kind:
            case StepKind.DELETE_TAG:
                return await self._delete(step, by_tag=True)
            case StepKind.DELETE_MANIFEST:
                return await self._delete(step, by_tag=False)
            case StepKind.REFERRERS_TAG:
                return await self._referrers_tag(step)
            case StepKind.LOCAL_LIST:
                return await self._local_list(step)
            case StepKind.REMOVE_LOCAL_LIST:
                return await self._remove_local_list(step)
            case _:
                raise ComposeError(f"Step {step.number} is no side step.")

    async def _delete(self, step: Step, *, by_tag: bool) -> str:
        registry, repository = self._target.registry or "", self._target.repository
        name = safe(self._target.at(step.selector))
        if by_tag:
            # The plan showed what this tag holds; if it was moved since, it is another decision.
            try:
                head = await self._client.head_manifest(registry, repository, step.selector)
            except errors.NotFound:
                return f"{name} was gone already."
            if head.digest != self._plan.before:
                raise errors.Conflict(f"Not deleted: {name} changed to {head.digest}.")
        elif step.digest is not None:
            since = await tagged_since(self._inspector, self._target, step.digest, self._plan.tags)
            if since:
                raise errors.Conflict(
                    f"Not deleted: {step.digest.short} has the tag {since} since the plan. Plan again."
                )
        self._sent()
        deleting = asyncio.ensure_future(self._client.delete_manifest(registry, repository, step.selector))
        try:
            await asyncio.shield(deleting)
        except asyncio.CancelledError:  # what has begun is finished by the client: what is read next shall tell
            with contextlib.suppress(Exception):
                async with asyncio.timeout(GRACE):
                    await deleting
            raise
        except errors.NotFound:
            return f"{name} was gone already."
        except (errors.Unsupported, errors.Refused) as error:
            hint = "" if by_tag else " The registry may have deletion disabled."
            raise type(error)(f"{error.sentence}{hint}", status=error.status) from None
        except (errors.UnknownOutcome, errors.Unreachable):
            if not await self._gone(step):
                raise
        if not await self._gone(step):
            raise errors.Refused(f"The registry reported {name} deleted, but it still exists.")
        self._inspector.forget_location(self._target)
        return f"Deleted {name}."

    async def _gone(self, step: Step) -> bool:
        try:
            await self._client.head_manifest(self._target.registry or "", self._target.repository, step.selector)
        except errors.NotFound:
            return True
        return False

    async def _referrers_tag(self, step: Step) -> str:
        """Add descriptors to the index under the fallback tag (distribution-spec, "Referrers Tag Schema")."""
        registry, repository = self._target.registry or "", self._target.repository
        wanted: list[dict[str, Any]] = json.loads(step.raw or b"[]")
        for _ in range(_ROUNDS):
            try:
                manifest = await self._client.get_manifest(registry, repository, step.selector, fresh=True)
            except errors.NotFound:
                manifest = None
            if manifest is not None and (not isinstance(manifest, Index) or manifest.media_type != media.OCI_INDEX):
                raise ComposeError(f"{safe(step.selector)} is not an OCI index; cannot list referrers in it.")
            document: dict[str, Any] = dict(manifest.document) if manifest is not None else {}
            entries = list(document.get("manifests") or [])
            listed = {entry.get("digest") for entry in entries if isinstance(entry, dict)}
            missing = [entry for entry in wanted if entry["digest"] not in listed]
            if not missing:
                return f"{plural(len(wanted), 'referrer')} listed"
            document |= {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": [*entries, *missing]}
            raw = layout.dump(document)
            await self._client.put_manifest(registry, repository, step.selector, raw, media.OCI_INDEX)
        raise errors.Conflict(f"Referrers not listed: others keep changing {safe(step.selector)}.")

    async def _local_list(self, step: Step) -> str:
        try:
            lists, folder = await self._unchanged(step)
            await asyncio.to_thread(lists.write, folder, step.files)
        except OSError as error:
            raise LocalListError(
                f"Cannot write Docker's local list {self._list(step).name}: {error.strerror or error}."
            ) from None
        return f"{plural(len(step.files), 'entry', 'entries')} written"

    async def _remove_local_list(self, step: Step) -> str:
        try:
            lists, folder = await self._unchanged(step)
            left = await asyncio.to_thread(lists.remove, folder)
        except FileNotFoundError:
            return "was gone already"
        except OSError as error:
            raise LocalListError(
                f"Cannot remove Docker's local list {self._list(step).name}: {error.strerror or error}."
            ) from None
        if left:
            return f"removed, but for {plural(len(left), 'file')} that is no entry: {', '.join(map(safe, left))}"
        return "removed"

    def _list(self, step: Step) -> LocalList:
        if step.local_list is None:
            raise ComposeError(f"Step {step.number} names no local list.")
        return step.local_list

    async def _unchanged(self, step: Step) -> tuple[DockerLists, str]:
        """The lists, and the name of the folder of the one that the step is about. Raises LocalListError when it holds
        something else than the plan showed; OSError."""
        planned = self._list(step)
        folder = Path(planned.folder)
        lists = DockerLists(folder.parent)
        held = await asyncio.to_thread(lists.read, folder.name)
        if held.entries != planned.entries:
            raise LocalListError(
                f"Docker's local list {planned.name} was changed since the plan: left as it is. Plan again."
            )
        return lists, folder.name
