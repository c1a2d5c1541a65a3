"""Where lessons take place: the embedded registry, and a Docker config folder with the stale list in it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tui.demo import faults
from tui.demo.samples.stories import docker_manifests
from tui.demo.serve import Served
from tui.demo.storage_folder import write_storage
from tui.registry.client import Client
from tui.sources.base import Source
from tui.sources.docker_lists import DockerLists
from tui.teach.backend import LessonBackend


class LessonSandbox:
    """A temporary folder that plays Docker's config folder, while the program runs. Calls block for a moment."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.folder = Path(tempfile.mkdtemp(prefix="fanfold-demo-"))
        self.docker = self.folder / "docker"
        self.put_back()

    @property
    def source(self) -> str:
        """The lists as a source, as it is written on the command line."""
        return f"docker-manifests:{self.docker / 'manifests'}"

    def put_back(self) -> None:
        """The stored lists as they were at the start; what was added goes. Raises OSError."""
        shutil.rmtree(self.docker, ignore_errors=True)
        for name, raw in docker_manifests(self.served.address).items():
            path = self.docker / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)

    def stored(self, reference: str) -> tuple[bytes, str]:
        """What `docker manifest push` would send for `sandbox:0.16-edge`. Raises ValueError when there is none."""
        lists = DockerLists(self.docker / "manifests")
        for name in lists.names():
            found = lists.read(name)
            if found.name is not None and str(found.name).endswith(f"/{reference}"):
                return found.pushed()
        raise ValueError("Docker's folder has no such list")

    def backend(self, source: Source, client: Client) -> LessonBackend:
        """What lessons ask and change."""
        return LessonBackend(
            self.served,
            faults,
            source,
            client,
            stored=self.stored,
            put_back=self.put_back,
            export=write_storage,
            folder=self.folder / "storage",
        )

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)
