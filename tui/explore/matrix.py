"""The picture of an image: its platforms as rows, and what each of them needs as cells: manifest, config, layers and
attestations. Plain data for whoever draws it; a colour is the name of a role. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from string import ascii_lowercase
from typing import TYPE_CHECKING

from tui.explore.loader import referrers_of, signatures_in
from tui.explore.node import Kind, Load, Node
from tui.explore.objects import image_size
from tui.explore.report import PlatformLine, Report, platform_line
from tui.explore.rollup import Rollup, attestations_of, blobs_of, platforms_of
from tui.explore.structure import nobody_asks, passed_over
from tui.oci.digest import Digest
from tui.sources.presence import UNCHECKED, Observation, Presence, worst

if TYPE_CHECKING:
    from tui.explore.cells import Observed  # for its name alone; a check draws no row of the tree

#: What the short heads of columns stand for.
HEADS = {"mf": "manifest", "cf": "config", "att": "attestations", "sig": "signatures"}


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
    signatures: tuple[Cell, ...]
    """Those that are attached; one cell for the referrers while nobody asked for them, or they could not be read, and
    one of which nothing is known where none is a signature. Empty where there can be none."""
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
    letters = letters_of(line.node for line in report.platforms)

    def look(node: Node) -> Observation | None:
        observation = known.get(node.digest) if node.digest is not None else None
        if observation is not None and observation.presence is Presence.CHECKING:
            return UNCHECKED  # a picture that does not move shows nothing that turns
        return observation

    return tuple(_row(line, look, letters) for line in report.platforms)


Look = Callable[[Node], Observation | None]


class LiveMatrix:
    """The picture of an index while it is checked. A row is made when it is asked for, and made anew only after
    something of its platform changed; so is its share of the counts."""

    def __init__(self, node: Node, seen: Observed) -> None:
        self.node = node
        self.platforms: list[Node] = []
        """Their rows, in the order of the index."""
        self._seen = seen
        self._sums: dict[Node, Rollup] = {}
        self._rows: dict[Node, MatrixRow] = {}
        self._known: dict[Node, dict[Digest, Presence]] = {}
        self._letters: dict[Digest, str] = {}
        self._read: tuple[Node, ...] = ()
        self._passed_over: Collection[Node] = ()
        self._unasked = False
        self._counts: Counter[Presence] = Counter()

    def update(self) -> bool:
        """Take in what is known now; whether anything is other than before."""
        platforms = platforms_of(self.node)
        sums = {row: self._seen.rollup(row) for row in platforms}
        same = platforms == self.platforms
        if same and all(self._sums.get(row) is total for row, total in sums.items()):
            return False
        if not same:
            self.platforms = platforms
            self._known = {row: known for row, known in self._known.items() if row in sums}
        read = tuple(row for row in platforms if row.load is Load.READY)
        if not same or read != self._read:
            self._read = read
            letters = letters_of(read)
            if letters != self._letters:
                self._letters = letters
                self._rows.clear()
            self._passed_over, self._unasked = passed_over(platforms), nobody_asks(platforms)
        for row, total in sums.items():
            if self._sums.get(row) is not total:
                self._rows.pop(row, None)
                self._known.pop(row, None)
        self._sums = sums
        self._count()
        return True

    def _count(self) -> None:
        """Each object once, whichever platforms need it; of two views of one the worse counts."""
        found: dict[Digest, Presence] = {}
        if self.node.digest is not None:
            found[self.node.digest] = self._seen.observation(self.node).presence
        for row in self.platforms:
            if row not in self._known:
                parts = [row, *blobs_of(row)]
                for each in attestations_of(row):
                    parts += [each, *blobs_of(each)]
                looks = [(part.digest, self._seen.observation(part).presence) for part in parts]
                self._known[row] = {digest: presence for digest, presence in looks if digest is not None}
            known = self._known[row]
            both = found.keys() & known.keys()
            worse = {digest: worst((found[digest], known[digest])) for digest in both}
            found.update(known)
            found.update(worse)
        self._counts = Counter(found.values())

    @property
    def counts(self) -> Mapping[Presence, int]:
        """How many distinct objects are what, the index itself among them, as far as the manifests were read."""
        return self._counts

    @property
    def signatures(self) -> tuple[Cell, ...]:
        """Those of the index itself, as a row has those of its platform."""
        return _signatures(self.node, self._seen.observation)

    def state(self, row: Node) -> Presence:
        """The worst of what is known of a platform, clients that refuse it and its attestations counted in."""
        total = self._sums[row]
        return total.worst if total.attestations.is_there else worst((total.worst, total.attestations))

    def row(self, node: Node) -> MatrixRow:
        """The row of a platform."""
        made = self._rows.get(node)
        if made is None:
            taken = node not in self._passed_over
            line = platform_line(node, self._sums[node].pull, taken=taken, unasked=self._unasked)
            made = self._rows[node] = _row(line, self._seen.observation, self._letters)
        return made

    @property
    def longest(self) -> int:
        """How many layers the platform with the most of them has."""
        manifests = (row.image_manifest for row in self._read)
        return max((len(manifest.layers) for manifest in manifests if manifest is not None), default=0)


def letters_of(rows: Iterable[Node]) -> dict[Digest, str]:
    """A letter for each layer that several platforms have; beyond twenty-six of them none, for no picture tells so many
    apart."""
    counted = Counter(digest for row in rows for digest in {layer.digest: None for layer in _layers(row)})
    shared = [digest for digest, count in counted.items() if count > 1 and digest is not None]
    return dict(zip(shared, ascii_lowercase, strict=False))


def _row(line: PlatformLine, look: Look, letters: Mapping[Digest, str]) -> MatrixRow:
    row = line.node
    config = next((child for child in blobs_of(row) if child.kind is Kind.CONFIG), None)
    layers = tuple(_cell(f"layer {place}", layer, look, letters) for place, layer in enumerate(_layers(row), 1))
    return MatrixRow(
        line,
        _cell("manifest", row, look),
        None if config is None else _cell("config", config, look),
        layers,
        tuple(_sum("attestation", each, look) for each in attestations_of(row)),
        _signatures(row, look),
        image_size(row.image_manifest) if row.image_manifest is not None else None,
    )


def _cell(name: str, node: Node, look: Look, letters: Mapping[Digest, str] | None = None) -> Cell:
    observation = look(node)
    if observation is None:
        return Cell(name, None, node)
    share = (letters or {}).get(node.digest, "") if node.digest is not None else ""
    return Cell(name, observation.presence, node, observation.detail, share)


def _sum(name: str, row: Node, look: Look) -> Cell:
    """The worst of what it is made of."""
    parts = [part for part in map(look, (row, *blobs_of(row))) if part is not None]
    if not parts:
        return Cell(name, None, row)
    presence = worst(part.presence for part in parts)
    return Cell(name, presence, row, next((part.detail for part in parts if part.presence is presence), ""))


def _signatures(row: Node, look: Look) -> tuple[Cell, ...]:
    """The signatures that are attached to an image or an index. Nothing here verifies one."""
    group = referrers_of(row)
    if group is None:
        return ()
    if group.load is Load.FAILED and group.error is not None:
        return (Cell("signatures", group.error.observation().presence, group, group.error.sentence),)
    if group.load is not Load.READY:
        asking = group.load is Load.LOADING
        return (Cell("signatures", Presence.CHECKING if asking else Presence.UNCHECKED, group),)
    return tuple(_sum("signature", each, look) for each in signatures_in(group)) or (Cell("signatures", None, group),)


def _layers(row: Node) -> list[Node]:
    return [child for child in row.children if child.kind is Kind.LAYER] if row.load is Load.READY else []
