"""Running the lines that are shown for a write as a person would, and looking at what the registry holds then."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.compose.fixtures import Rig
from tests.support.peers import need
from tui.compose.plan import Plan
from tui.demo.store import Recorded
from tui.oci import attestation
from tui.oci.descriptor import Descriptor
from tui.registry.access import Hosts
from tui.tools.table import CommandLine, says
from tui.tools.writing import write_lines

#: What a line promises of the bytes that it writes.
SAME, OTHER = says("same"), says("other")
#: Debian has no package of these.
OPTIONAL = ("crane", "oras", "regctl")


def here(command: CommandLine) -> bool:
    """Whether the line's program can be run; those that Debian has must be there."""
    if command.tool == "docker buildx":
        return buildx() > (0,)
    program = command.tool.split()[0]
    return shutil.which(program) is not None if program in OPTIONAL else bool(need(program))


@functools.cache
def buildx() -> tuple[int, ...]:
    """The version of docker's buildx plug-in; (0,) where there is none."""
    docker = shutil.which("docker")
    if docker is None:
        return (0,)
    said = subprocess.run([docker, "buildx", "version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r"v?(\d+)\.(\d+)", said.stdout)
    return tuple(map(int, found.groups())) if said.returncode == 0 and found else (0,)


def newer_buildx() -> bool:
    """Whether it may shuffle a list's entries and carries blobs, as its note says of newer ones."""
    return buildx() > (0, 29)


@dataclass
class Held:
    """What a tag holds after a tool's line, and what the registry was asked."""

    command: CommandLine
    digest: str | None
    document: dict[str, Any]
    asked: list[Recorded]

    @property
    def note(self) -> str:
        return self.command.note

    @property
    def entries(self) -> list[Descriptor]:
        return [Descriptor.from_document(entry) for entry in self.document.get("manifests", [])]


@dataclass
class Hand:
    """Somebody at a shell, with a home folder of their own."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # skopeo wants to be told that unsigned images are fine; Debian's package says so in /etc.
        policy = self.home / ".config" / "containers" / "policy.json"
        policy.parent.mkdir(parents=True)
        policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self.env = {**os.environ, "HOME": str(self.home), "DOCKER_CONFIG": str(self.home / ".docker")}

    async def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line in bash, with nothing to answer a question with."""

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["bash", "-o", "pipefail", "-c", line],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=self.env,
                timeout=120,
                check=False,
            )

        return await asyncio.to_thread(run)

    async def every(self, plan: Plan, rig: Rig, hosts: Hosts | None = None) -> dict[str, Held]:
        """Each tool's line run in the same registry, which is put back after each. Every one of them must work."""
        held: dict[str, Held] = {}
        before = rig.change(lambda store: store.snapshot())
        for command in write_lines(plan, hosts if hosts is not None else rig.client.settings):
            assert command.line or command.note, command
            if not command.line or not here(command):
                continue
            done = await self.shell(command.line)
            assert done.returncode == 0, f"{command.line}\n{done.stdout}\n{done.stderr}"
            held[command.tool] = look(rig, plan, command)
            rig.change(lambda store: store.restore(before))
        return held


def look(rig: Rig, plan: Plan, command: CommandLine) -> Held:
    """What the plan's tag holds now."""
    target = plan.target

    def find(store: Any) -> Held:
        repository = store.repositories.get(target.repository)
        digest = repository.tags.get(target.tag or "latest") if repository else None
        raw = repository.manifests[digest].raw if digest else b"{}"
        return Held(command, digest, json.loads(raw), list(store.requests))

    return rig.change(find)


def true_to(plan: Plan, held: Held) -> None:
    """The list that a tool made is the planned one, but for what its note says; and what the note says is so."""
    assert plan.raw is not None
    wanted = Held(held.command, str(plan.digest), json.loads(plan.raw), [])
    note, about = held.note, f"{held.command.line}\n{held.note}\n{json.dumps(held.document)}"
    newer = held.command.tool == "docker buildx" and newer_buildx()
    assert (SAME in note) or (OTHER in note) or ("The same digest, if" in note), about
    assert newer or (held.digest == wanted.digest) == (OTHER not in note), about
    entries = wanted.entries
    if "The attestations are left out." in note:
        assert any(map(attestation.is_attestation, entries)), about
        entries = [entry for entry in entries if not attestation.is_attestation(entry)]
    digests, made = [entry.digest for entry in entries], [entry.digest for entry in held.entries]
    if "once." in note:
        assert len(set(digests)) < len(digests), about
        digests = list(dict.fromkeys(digests))
    if "Orders the entries by their references." in note:
        assert digests != made, about
    if "Orders the entries by their references." in note or newer:
        digests, made = sorted(digests), sorted(made)
    assert digests == made, about
    kind = held.document["mediaType"]
    assert (kind == plan.media_type) == ("Makes " not in note), about
    _annotations(wanted, held, about)
    if not newer:
        _platforms(entries, held, about)


def _annotations(wanted: Held, held: Held, about: str) -> None:
    note = held.note
    lost = any(words in note for words in ("index's annotations are", "Annotations are left out."))
    had, has = (one.document.get("annotations", {}) for one in (wanted, held))
    assert has == ({} if lost else had), about
    lost = any(words in note for words in ("entries' annotations are lost", "Annotations are left out."))
    had, has = ({entry.digest: dict(entry.annotations) for entry in one.entries} for one in (wanted, held))
    assert any(has.values()) == (any(had.values()) and not lost and "attestations are left out" not in note), about
    assert lost or all(had[digest] == theirs for digest, theirs in has.items()), about


def _platforms(entries: list[Descriptor], held: Held, about: str) -> None:
    had = {entry.digest: entry.platform for entry in entries}
    same = all(had[entry.digest] == entry.platform for entry in held.entries)
    assert same == ("os.version, os.features and usual variants (v8 of arm64) are lost" not in held.note), about
