"""What real clients did with the images of `odd_images` and of the gallery: `tests/explore/clients_did.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: What they did, a line for each image and platform.
TABLE = Path(__file__).parent.parent / "explore" / "clients_did.txt"


@dataclass(frozen=True)
class Did:
    """One line of the table."""

    repository: str
    tag: str
    platform: str
    containerd: str
    """The first digits of the config that it took; "" where it refused."""
    skopeo: str
    """Those of the manifest; "" where it refused."""
    crane: str
    """Those of the manifest that it resolved."""
    pulled: bool
    """Whether `crane pull` ended well."""
    validated: bool
    copied_by_oras: bool
    docker: str
    """The first digits of the config that Docker without the containerd image store took."""
    podman: str
    """The first digits of the config that podman took, and so buildah."""

    @property
    def name(self) -> str:
        return f"{self.repository}:{self.tag} {self.platform}"


def recorded() -> list[Did]:
    """Every line."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        subject, *columns = line.split(" | ")
        reference, platform = subject.split(" ")
        repository, tag = reference.rsplit(":", 1)
        containerd, skopeo, crane = (part.strip("-") for part in columns[:3])
        pulled, validated, copied = (part == "yes" for part in columns[3:6])
        docker, podman = (part.strip("-") for part in columns[6:])
        found.append(
            Did(repository, tag, platform, containerd, skopeo, crane, pulled, validated, copied, docker, podman)
        )
    return found
