"""The picture of an image: its platforms as rows, and what each of them needs as cells: manifest, config, layers and
attestations. Plain data for whoever draws it; a colour is the name of a role. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from tui.explore.node import Kind, Load, Node
from tui.explore.objects import image_size
from tui.explore.report import PlatformLine, Report
from tui.explore.rollup import attestations_of, blobs_of
from tui.oci.digest import Digest
from tui.sources.presence import Observation, Presence, worst


@dataclass(frozen=True, slots=True)
class Cell:
    """One object of a platform, or what an attestation of it comes to."""

    name: str
    """"manifest", "config", "layer 2", "attestation"."""
    presence: Presence | None
    """None when nothing is known that could be asked for."""
    node: Node
    detail: str = ""
    """What came back, safe."""
    share: str = ""
    """A letter for a layer that several platforms have in common: the same one for all of them."""

    @property
    def symbol(self) -> str:
        """One character; "" when there is nothing to ask for."""
        return self.presence.words.symbol if self.presence is not None else ""

    @property
    def role(self) -> str:
        """The colour; "dim" when there is nothing to ask for."""
        return self.presence.words.role if self.presence is not None else "dim"

    @property
    def word(self) -> str:
        """What is known, in a word: "missing"."""
        return self.presence.value if self.presence is not None else ""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One platform."""

    line: PlatformLine
    manifest: Cell
    config: Cell | None
    layers: tuple[Cell, ...]
    """And statements, for an attestation that stands alone."""
    attestations: tuple[Cell, ...]
    size: int | None
    """Bytes of config and layers; None when the manifest was not read."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them, in order."""
        config = () if self.config is None else (self.config,)
        return (self.manifest, *config, *self.layers, *self.attestations)

    @property
    def role(self) -> str:
        """The colour of its name: "bad" when it cannot be pulled, "warn" when that is not known."""
        return {True: "plain", False: "bad", None: "warn"}[self.line.pullable]


def matrix(report: Report) -> tuple[MatrixRow, ...]:
    """The rows of a report's platforms, in the order of the index."""
    known = {part.digest: part.observation for part in report.objects}
    counted = Counter(digest for line in report.platforms for digest in {layer.digest for layer in _layers(line.node)})
    letters = _letters([digest for digest, count in counted.items() if count > 1 and digest is not None])
    return tuple(_row(line, known, letters) for line in report.platforms)


def _letters(shared: Sequence[Digest]) -> dict[Digest, str]:
    """A letter for each; beyond twenty-six of them none, for no picture tells so many apart."""
    return dict(zip(shared, ascii_lowercase, strict=False))


def _row(line: PlatformLine, known: dict[Digest, Observation], letters: dict[Digest, str]) -> MatrixRow:
    row = line.node
    config = next((child for child in blobs_of(row) if child.kind is Kind.CONFIG), None)
    layers = tuple(
        _cell(f"layer {place}", layer, known, letters) for place, layer in enumerate(_layers(row), 1)
    )  # fmt: skip
    return MatrixRow(
        line,
        _cell("manifest", row, known),
        None if config is None else _cell("config", config, known),
        layers,
        tuple(_attestation(each, known) for each in attestations_of(row)),
        image_size(row.image_manifest) if row.image_manifest is not None else None,
    )


def _cell(name: str, node: Node, known: dict[Digest, Observation], letters: dict[Digest, str] | None = None) -> Cell:
    observation = known.get(node.digest) if node.digest is not None else None
    if observation is None:
        return Cell(name, None, node)
    share = (letters or {}).get(node.digest, "") if node.digest is not None else ""
    return Cell(name, _settled(observation.presence), node, observation.detail, share)


def _attestation(row: Node, known: dict[Digest, Observation]) -> Cell:
    """The worst of what it is made of."""
    parts = [known[part.digest] for part in (row, *blobs_of(row)) if part.digest in known and part.digest is not None]
    if not parts:
        return Cell("attestation", None, row)
    presence = worst(part.presence for part in parts)
    detail = next((part.detail for part in parts if part.presence is presence), "")
    return Cell("attestation", _settled(presence), row, detail)


def _settled(presence: Presence) -> Presence:
    """What is being asked counts as not asked yet: a picture that does not move shows nothing that turns."""
    return Presence.UNCHECKED if presence is Presence.CHECKING else presence


def _layers(row: Node) -> list[Node]:
    return [child for child in row.children if child.kind is Kind.LAYER] if row.load is Load.READY else []
