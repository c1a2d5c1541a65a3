"""The verdict: one or two sentences over everything that is known of a tag, an index or an image.

It tells apart what cannot be pulled, what can be pulled though an attestation is gone, and what nobody could determine.
How much of a list was looked at belongs to it: what was not looked at is never passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from tui.explore.advice import MISSING, RECREATED
from tui.explore.choice import Answer
from tui.explore.choice import called as _called
from tui.explore.digest_tags import DigestTag, digest_tag
from tui.explore.finding import Finding, Severity
from tui.explore.findings import findings as all_findings
from tui.explore.node import Kind, Load, Node
from tui.explore.objects import (
    Wanted,
    detail_of,
    is_complete,
    is_nameless,
    platform_text,
    short,
    walk,
)
from tui.explore.observations import ObservationStore
from tui.explore.rollup import Pull, asked_for, blobs_of, platforms_of, pull
from tui.explore.standing import Standings, harmless
from tui.explore.structure import clients, nobody_asks, refusal, refusing, skipped
from tui.explore.tree import observe
from tui.oci.manifest import OpaqueManifest
from tui.sources.presence import Observation, Presence
from tui.text import plural, safe

_LISTS = frozenset({Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP})
_LOADED = (Load.READY, Load.FAILED)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a list was looked at."""

    looked: int
    """So many tags were looked at."""
    listed: int
    """So many tags there are, as far as the list was read."""
    whole: bool = True
    """Whether the list itself was read to its end."""
    unlisted: int = 0
    """The tags of so many repositories were not listed."""
    why: str = ""
    """What ended it: sentences, safe."""

    @property
    def all_listed(self) -> bool:
        """Whether no tag is hidden in a list that was not read to its end."""
        return self.whole and not self.unlisted

    @property
    def complete(self) -> bool:
        """Whether everything that there is to look at was looked at."""
        return self.looked >= self.listed and self.all_listed

    @property
    def counted(self) -> str:
        """How many of how many tags: "1,000 of 20,000 tags"."""
        of = self.listed if self.whole else max(self.listed, self.looked)
        if self.looked >= self.listed:
            return plural(self.looked, "tag")
        return f"{self.looked:,} of {'' if self.whole else 'at least '}{plural(of, 'tag')}"

    @property
    def rest(self) -> str:
        """What was not looked at; "" when that is nothing."""
        parts = []
        if self.listed > self.looked:
            parts.append(plural(self.listed - self.looked, "tag"))
        if self.unlisted:
            parts.append(plural(self.unlisted, "repository", "repositories"))
        if not parts:
            return "" if self.whole else "the list of tags is incomplete"
        text = f"{' and '.join(parts)} not checked"
        return text if self.whole else f"{text}, and the list of tags is incomplete"

    @property
    def sentence(self) -> str:
        """What was looked at, and why not the rest."""
        parts = [f"Checked {self.counted}"]
        if self.looked >= self.listed and not self.whole:
            parts.append(", more may exist")
        if self.unlisted:
            parts.append(f"; {plural(self.unlisted, 'repository', 'repositories')} not listed")
        return "".join(parts) + (f": {self.why}" if self.why else ".")

    def to_json(self) -> dict[str, object]:
        """The field `tags` of a report on what was not looked at."""
        return {"checked": self.looked, "listed": self.listed, "listComplete": self.whole}


def coverage(node: Node) -> Coverage:
    """How much below a row that holds a list was loaded, as the rows say that are there now."""
    looked = listed = unlisted = 0
    whole = True
    why = ""
    for place in _repositories(node):
        listing = place.listing
        if listing is None:
            unlisted += 1
            looked += sum(row.load in _LOADED for row in _tags(place))
            continue
        names = {row.tag or str(row.wanted or "") for row in _tags(place) if row.load in _LOADED}
        looked += sum(name in listing for name in names)
        listed += len(listing)
        if not listing.complete:
            whole, why = False, why or listing.note
    if node.kind is Kind.SOURCE and node.listing is not None:
        shown = sum(child.kind is Kind.REPOSITORY and child.repository in node.listing for child in node.parts)
        unlisted += max(0, len(node.listing) - shown)
    return Coverage(looked, listed if not unlisted else max(listed, looked), whole, unlisted, why)


def _repositories(node: Node) -> Iterator[Node]:
    if node.kind is Kind.SOURCE:
        yield from (child for child in node.parts if child.kind is Kind.REPOSITORY)
    elif node.kind is Kind.GROUP and node.parent is not None:
        yield node.parent
    elif node.kind in _LISTS:
        yield node


def _tags(node: Node) -> Iterator[Node]:
    """The rows of a repository's tags, those in its group of digest tags too."""
    for child in node.parts:
        if child.kind is Kind.GROUP:
            yield from child.parts
        elif child.kind not in (Kind.MORE, Kind.FAULT):
            yield child


@dataclass(frozen=True, slots=True)
class Verdict:
    """Can this be pulled, on which platforms, and if not, why."""

    sentence: str
    """Safe."""
    complete: bool
    """Whether every object is known to be there."""
    pullable: tuple[str, ...] = ()
    """The platforms that can be pulled, as text and in the order of the index, as are those below."""
    broken: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    severity: Severity | None = None
    """That of the worst finding; None when all is well."""

    @property
    def lead(self) -> str:
        """The first sentence: what state it is in. The others say more about it."""
        first, end, _ = self.sentence.partition(". ")
        return first + end.strip()


def verdict(
    node: Node,
    findings: Sequence[Finding] | None,
    observations: ObservationStore,
    *,
    wanted: Wanted | None = None,
    answers: Sequence[Answer] = (),
    pulls: Callable[[Node], Pull] | None = None,
    known: Standings | None = None,
) -> Verdict:
    """The verdict over a row that stands for an image or an index. `findings` are its own, if they are at hand;
    `wanted` restricts it to some of its platforms, and `answers` say what there is for each that was asked for.
    `pulls` and `known` are `Tree.pull` and `Tree.standing`, for who has the tree."""
    findings = all_findings(node, observations) if findings is None else findings
    pulls = pulls or partial(pull, look=partial(observe, observations=observations))
    name = subject(node)
    if node.load is not Load.READY:
        return _not_read(node, name, observe(node, observations))
    if isinstance(node.manifest, OpaqueManifest):
        return _opaque(node, name, node.manifest)
    every = platforms_of(node) if node.is_index else [node]
    made = digest_tag(node.tag)
    if made is not None:
        return _attached(node, made, [(row, pulls(row)) for row in every], findings, observations)
    rows = asked_for(every)
    absent = tuple(str(answer.platform) for answer in answers if answer.row is None and answer.state is Pull.NO)
    if wanted is not None:
        rows = [row for row in rows if wanted(row) and (not answers or any(row is answer.row for answer in answers))]
        if not rows:
            what = _list(absent) or "the requested platform"
            sentence = f"{_begin(name)} has no image for {what}."
            if node.is_index:
                sentence = " ".join([sentence, *(each.taken_elsewhere for each in answers if each.taken_elsewhere)])
            many = () if node.is_index else ("containerd", "skopeo", "podman")
            takers = [name for name in many if name not in refusing(node)]
            if takers and node.platform is not None:
                verb = "pulls" if len(takers) == 1 else "pull"
                sentence += f" It is a single image, for {node.platform}: {clients(takers)} {verb} it for any platform."
            return Verdict(sentence, False, (), absent, severity=Severity.ERROR)
    unasked = nobody_asks(rows)
    states = [(_called(row), row, Pull.NO if unasked else pulls(row)) for row in rows]
    whole = known(node).whole if known is not None and wanted is None else is_complete(node, observations, wanted)
    severity = _worst(findings)
    settled = all(state is Pull.YES for _, _, state in states) and bool(states)
    complete = whole and settled and severity is not Severity.ERROR and not absent
    done = "pushed" if node.source.capabilities.stored_lists is not None else "pulled"
    sentences = _pulls(name, node, states, observations, done)
    sentences.extend(answer.sentence for answer in answers if answer.sentence)
    sentences.extend(_attestations(node, observations, whole, wanted))
    if wanted is None:
        taken = set(rows)
        sentences.extend(_not_taken([(row, pulls(row)) for row in every if row not in taken], observations))
        sentences.extend(_skipped(every))
    sentences.extend(_refused(node, states))
    sentences.extend(remark for remark in _remarks(node, findings) if not _is_said(remark, sentences))
    return Verdict(
        " ".join(sentences),
        complete,
        tuple(called for called, _, state in states if state is Pull.YES),
        tuple(dict.fromkeys([*(called for called, _, state in states if state is Pull.NO), *absent])),
        tuple(called for called, _, state in states if state is Pull.UNKNOWN),
        severity,
    )


def _attached(
    node: Node,
    made: DigestTag,
    states: Sequence[tuple[Node, Pull]],
    findings: Sequence[Finding],
    observations: ObservationStore,
) -> Verdict:
    """The verdict on what a tool keeps under a tag made of a digest: whether it is there, not who can pull it."""
    rows = [row for row, _ in states]
    bad = {row: None for row, state in states if state is Pull.NO}
    open_ = {row: None for row, state in states if state is Pull.UNKNOWN}
    count = f"{len(bad)} of {len(rows)} {'is' if len(bad) == 1 else 'are'}" if made.lists else "it is"
    parts = []
    if bad:
        reasons = dict.fromkeys(_why_not(row, observations) for row in bad)
        parts.append(f"{count} incomplete: {'; '.join(reasons)}")
    if open_:
        reasons = dict.fromkeys(_why_open(row, observations) for row in open_)
        which = f"{len(open_)} of {len(rows)}" if made.lists else "it"
        parts.append(f"could not check {which}: {'; '.join(reasons)}")
    if not parts:
        all_of = {
            0: "it is empty",
            1: "present" if not made.lists else "its only entry is present",
            2: "both present",
        }
        parts.append(all_of.get(len(rows), f"all {len(rows)} present"))
    severity = _worst(findings)
    whole = is_complete(node, observations) and severity is not Severity.ERROR and not bad and not open_
    names = [(row, row.label or short(row.digest)) for row in rows]
    return Verdict(
        f"Not an image but {made.name}: {'; '.join(parts)}.",
        whole,
        tuple(name for row, name in names if row not in bad and row not in open_),
        tuple(name for row, name in names if row in bad),
        tuple(name for row, name in names if row in open_),
        severity,
    )


def _worst(findings: Sequence[Finding]) -> Severity | None:
    return min((finding.severity for finding in findings), key=lambda grade: grade.rank, default=None)


def subject(node: Node) -> str:
    """What the verdict calls the row: the tag, the platform of a tag, or a short digest."""
    if node.kind is Kind.TAG:
        # A sentence that begins with a bare "1" reads like a count.
        return node.label if any(mark.isalpha() for mark in node.label) else f"the tag {node.label}"
    top = node.top()
    of = f" of {top.label}" if top is not None and top is not node else ""
    platform = platform_text(node)
    if node.kind is Kind.ATTESTATION:
        return f"the attestation of {platform}" if platform else f"the attestation {short(node.digest)}"
    if platform and not node.is_index and of:
        return f"{platform}{of}"
    return f"{short(node.digest)}{of}"


def _begin(name: str) -> str:
    """A subject as the first words of a sentence; names and platforms keep their letters."""
    return f"The {name[4:]}" if name.startswith("the ") else name


def _on(rows: Sequence[Node]) -> str:
    """Where something is pulled, in a sentence: "on linux/amd64", "from the image sha256:… without a platform"."""
    named = [_called(row) for row in rows if not is_nameless(row)]
    others = [_called(row) for row in rows if is_nameless(row)]
    parts = [f"on {_list(named)}"] if named else []
    return " and ".join([*parts, f"from {_list(others)}"] if others else parts)


def _nouns(rows: Sequence[Node]) -> str:
    """What several of these rows are called together."""
    return "entries" if any(is_nameless(row) for row in rows) else "platforms"


def _not_read(node: Node, name: str, observation: Observation) -> Verdict:
    if node.load is Load.FAILED and node.error is not None:
        words = {
            Presence.MISSING: _not_found(node, name),
            Presence.MISMATCHED: f"{_begin(name)} cannot be pulled: {node.error.sentence}",
        }
        undetermined = f"Could not check {name}: {node.error.sentence}"
        sentence = words.get(observation.presence, undetermined)
        if observation.presence.undetermined and node.error.fix:
            sentence += f" {node.error.fix}"
        grade = Severity.WARNING if observation.presence.undetermined else Severity.ERROR
        broken = () if observation.presence.undetermined else (_called(node),)
        return Verdict(sentence, False, (), broken, () if broken else (_called(node),), grade)
    if observation.presence is Presence.MISSING:
        sentence = f"{_begin(name)} cannot be pulled: its manifest is missing."
        return Verdict(sentence, False, (), (_called(node),), (), Severity.ERROR)
    states = {Load.LOADING: "is being read", Load.STOPPED: "was not fully read"}
    return Verdict(f"{_begin(name)} {states.get(node.load, 'is not checked')}.", False, (), (), (_called(node),))


def _not_found(node: Node, name: str) -> str:
    """That nothing answers to the reference: the tag with its repository, else what the verdict calls the row."""
    if node.tag is None or not node.repository:
        return f"Not found: {name}."
    return f"Tag not found: {safe(node.repository)}:{safe(node.tag)}."


def _opaque(node: Node, name: str, manifest: OpaqueManifest) -> Verdict:
    if harmless(manifest, node.descriptor if node.tag is None else None):
        sentence = f"{_begin(name)} is not an image: {manifest.reason}"
        return Verdict(sentence, True, (), (), (), None)
    return Verdict(
        f"{_begin(name)} cannot be pulled: {manifest.reason}", False, (), (_called(node),), (), Severity.ERROR
    )


def _pulls(
    name: str, node: Node, states: list[tuple[str, Node, Pull]], observations: ObservationStore, done: str
) -> list[str]:
    if not states:
        lacks = "platforms" if node.index is not None and node.index.entries else "entries"
        return [f"{_begin(name)} cannot be pulled: it has no {lacks}."]
    rows = [row for _, row, _ in states]
    if nobody_asks(rows):
        what = "its only entry is" if len(rows) == 1 else f"all {len(rows)} entries are"
        return [f"{_begin(name)} cannot be pulled by its tag: {what} for an unknown platform."]
    good = [row for _, row, state in states if state is Pull.YES]
    bad = [row for _, row, state in states if state is Pull.NO]
    open_ = [row for _, row, state in states if state is Pull.UNKNOWN]
    sentences = []
    if not bad and not open_:
        return [f"{_begin(name)} can be {done}{_on_all(node, good)}."]
    if bad and done == "pushed":
        # docker manifest push looks at the manifests only: a list with a hole below them goes out as it is.
        refused = [row for row in bad if _stops_a_push(row, observations)]
        hollow = [row for row in bad if row not in refused]
        if refused:
            sentences.append(_cannot(name, node, refused, rows, observations, "cannot be pushed"))
        if hollow:
            words = "can be pushed but not pulled"
            sentences.append(_cannot(name, node, hollow, rows, observations, words))
    elif bad:
        sentences.append(_cannot(name, node, bad, rows, observations, f"cannot be {done}"))
    if open_:
        sentences.append(_not_determined(name, node, open_, rows, observations))
    if good:
        rest = _on(good) if len(good) <= 4 else f"on the other {len(good)} {_nouns(good)}"
        sentences.append(f"It can be {done} {rest}.")
    return sentences


def _on_all(node: Node, good: list[Node]) -> str:
    if not node.is_index:
        return f" (an image for {_called(good[0])})" if node.platform is not None and node.kind is Kind.TAG else ""
    if len(good) == 1:
        return f" {_on(good)}"
    return f" on both {_nouns(good)}" if len(good) == 2 else f" on all {len(good)} {_nouns(good)}"


def _cannot(
    name: str, node: Node, bad: list[Node], rows: list[Node], observations: ObservationStore, words: str
) -> str:
    total = len(rows)
    reasons: dict[str, list[Node]] = {}
    for row in bad:
        reasons.setdefault(_why_not(row, observations), []).append(row)
    if not node.is_index:
        return f"{_begin(name)} {words}: {next(iter(reasons))}."
    if len(reasons) == 1:
        reason, places = next(iter(reasons.items()))
        where = f"on any of its {total} {_nouns(rows)}" if len(places) == total > 1 else _on(places)
        each = "on each, " if len(places) > 1 else ""
        return f"{_begin(name)} {words} {where}: {each}{reason}."
    parts = "; ".join(f"{_list([_called(row) for row in places])}: {reason}" for reason, places in reasons.items())
    nouns = _nouns(rows)
    everywhere = f"any of its {total} {nouns}" if len(bad) == total else f"{len(bad)} of {total} {nouns}"
    return f"{_begin(name)} {words} on {everywhere}: {parts}."


def _stops_a_push(row: Node, observations: ObservationStore) -> bool:
    """Whether a registry refuses a list with this entry: its manifest is not there, or is none."""
    own = observe(row, observations).presence
    return own is Presence.MISSING or row.load is Load.FAILED or isinstance(row.manifest, OpaqueManifest)


def _why_not(row: Node, observations: ObservationStore) -> str:
    """Why a platform cannot be pulled: counts of what is wrong, in words."""
    own = observe(row, observations)
    if own.presence is Presence.MISSING:
        return "its manifest is missing"
    if isinstance(row.manifest, OpaqueManifest):
        return "its manifest cannot be followed"
    if row.load is Load.FAILED and row.error is not None and row.error.code == "invalid-manifest":
        return "its manifest cannot be parsed"
    if own.presence is Presence.MISMATCHED and row.load is Load.FAILED:
        return "its manifest does not match its digest"
    parts: list[str] = []
    if own.presence is Presence.MISMATCHED and _bad_size(row, own):
        parts.append("its manifest has the wrong size")
    lost: dict[str, Kind] = {}
    wrong: dict[str, dict[str, Kind]] = {}
    for child in blobs_of(row):
        observation = observe(child, observations)
        if observation.presence is Presence.MISSING:
            lost[str(child.digest)] = child.kind
        elif observation.presence is Presence.MISMATCHED:
            code = "size-mismatch" if _bad_size(child, observation) else observation.code
            what = _WRONG.get(code, "not as the manifest says")
            if code == "broken-layer" and observation.unpacked is not None and not observation.unpacked.broken:
                what = "compressed, though the media type says not"
            wrong.setdefault(what, {})[str(child.digest)] = child.kind
    parts.extend(_count(lost, "missing"))
    for what, rows in wrong.items():
        parts.extend(_count(rows, what))
    flaw = refusal(row)
    if flaw is not None and not parts:
        taken = f"; {clients(flaw.taken_by)} take{'s' if len(flaw.taken_by) == 1 else ''} it" if flaw.taken_by else ""
        verb = "refuses" if len(flaw.refused_by) == 1 else "refuse"
        return f"{flaw.reason} ({clients(flaw.refused_by)} {verb} it{taken})"
    return _list(parts) or detail_of(own)


#: What is wrong with what is there, by its finding, after "is".
_WRONG = {
    "size-mismatch": "of the wrong size",
    "diff-id-mismatch": "not as the config says, once unpacked",
    "broken-layer": "damaged and cannot be unpacked",
}


def _bad_size(row: Node, observation: Observation) -> bool:
    return row.descriptor is not None and observation.size is not None and observation.size != row.descriptor.size


def _count(rows: dict[str, Kind], what: str) -> list[str]:
    parts = []
    if Kind.CONFIG in rows.values():
        parts.append(f"its config is {what}")
    for kind, noun in ((Kind.LAYER, "layer"), (Kind.STATEMENT, "statement")):
        count = list(rows.values()).count(kind)
        if count:
            parts.append(f"{plural(count, noun)} {'is' if count == 1 else 'are'} {what}")
    return parts


def _not_determined(
    name: str, node: Node, unknown: list[Node], rows: list[Node], observations: ObservationStore
) -> str:
    total = len(rows)
    reasons: dict[str, list[str]] = {}
    for row in unknown:
        reasons.setdefault(_why_open(row, observations), []).append(_called(row))
    if list(reasons) == [_NOT_CHECKED]:
        if not node.is_index or total < 2:
            return f"{_begin(name)} is not fully checked."
        return f"Not fully checked: {len(unknown)} of {total} {_nouns(rows)} of {name}."
    if not node.is_index:
        return f"Could not check {name}: {next(iter(reasons))}."
    parts = "; ".join(f"{_list(places)}: {reason}" for reason, places in reasons.items())
    return f"Could not check {parts}."


_NOT_CHECKED = "not checked"
_OPEN_WORDS = (
    (Presence.DENIED, "access denied"),
    (Presence.LIMITED, "rate limit reached"),
    (Presence.UNREACHABLE, "no usable answer"),
)
_NOT_FOLLOWED = "indexes are nested too deep"


def _why_open(row: Node, observations: ObservationStore) -> str:
    seen = {found.presence: found for found in (observe(part, observations) for part in (row, *blobs_of(row)))}
    for presence, words in _OPEN_WORDS:
        if presence in seen:
            return _denied(row, seen[presence]) if presence is Presence.DENIED else words
    return _NOT_FOLLOWED if row.index is not None else _NOT_CHECKED


def _denied(row: Node, observation: Observation) -> str:
    """Who refused: the permissions of a file, the registry's storage, or the registry."""
    if not row.source.capabilities.remote:
        return f"file not readable ({detail_of(observation)})"
    by_storage = observation.fix and observation.detail
    return f"access denied ({observation.detail})" if by_storage else dict(_OPEN_WORDS)[Presence.DENIED]


def _attestations(node: Node, observations: ObservationStore, complete: bool, wanted: Wanted | None) -> list[str]:
    """What is gone of the attestations: it stops no pull, and the verdict says so."""
    if complete:
        return []
    gone: list[str] = []
    open_: list[str] = []
    for row in [row for row in walk(node, wanted) if row.kind is Kind.ATTESTATION and row is not node]:
        parts = [observe(part, observations) for part in (row, *blobs_of(row))]
        if any(observation.presence in (Presence.MISSING, Presence.MISMATCHED) for observation in parts):
            gone.append(platform_text(row) or short(row.digest))
        elif any(observation.presence in dict(_OPEN_WORDS) for observation in parts):
            open_.append(platform_text(row) or short(row.digest))
    sentences = []
    if gone:
        sentences.append(f"The attestation of {_some(gone)} is incomplete; pulls still work.")
    if open_:
        sentences.append(f"Could not check the attestation of {_some(open_)}.")
    return sentences


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return _list(names) if len(names) <= 4 else plural(len(names), "platform")


def _not_taken(states: Sequence[tuple[Node, Pull]], observations: ObservationStore) -> list[str]:
    """What is gone of entries that no client takes: a pull survives it, a copy of the whole list does not."""
    gone, unknown = [], []
    for row, state in states:
        if state is Pull.NO:
            why = _why_not(row, observations)
            gone.append(f"The entry {short(row.digest)}, skipped by clients, is incomplete: {why}.")
        elif state is Pull.UNKNOWN:
            text = f"Could not check the entry {short(row.digest)}, skipped by clients"
            unknown.append(f"{text}: {_why_open(row, observations)}.")
    return [*gone, *unknown][:2]  # what is known to be wrong decides the exit status


def _skipped(rows: Sequence[Node]) -> list[str]:
    """Which entries no client takes by the tag, though nothing is wrong with what is in them."""
    indexes = dict.fromkeys(row.parent for row in rows if row.parent is not None and row.parent.is_index)
    names = [f"entry {row.position + 1} ({short(row.digest)})" for index in indexes for row in skipped(index)]
    return (
        [f"Clients skip {_list(names) if len(names) <= 4 else plural(len(names), 'entry', 'entries')}."]
        if names
        else []
    )


def _refused(node: Node, states: Sequence[tuple[str, Node, Pull]]) -> list[str]:
    """Which clients refuse what others can pull."""
    groups: dict[tuple[str, ...], list[Node]] = {}
    for _, row, state in states:
        names = refusing(row) if state is Pull.YES else ()
        if names:
            groups.setdefault(names, []).append(row)
    sentences = []
    for names, rows in groups.items():
        verb = "refuses" if len(names) == 1 else "refuse"
        where = f"{_first(_on(rows))} " if node.is_index else ""
        sentences.append(f"{where}{clients(names)} {verb} it.")
    return sentences


def _first(text: str) -> str:
    """The first words of a sentence; the names of clients keep their letters."""
    return f"{text[0].upper()}{text[1:]}" if text.startswith(("on ", "from ")) else text


def _is_said(remark: str, sentences: Sequence[str]) -> bool:
    """Whether a sentence before has the reason in a remark: "The image of linux/arm64: it has no layers."."""
    _, colon, reason = remark.partition(": ")
    return bool(colon) and any(f": {reason.removesuffix('.')}" in sentence for sentence in sentences)


def _remarks(node: Node, findings: Sequence[Finding]) -> list[str]:
    """What else is worth a sentence: where missing objects are, which source tags moved, what else disagrees."""
    sentences: list[str] = []
    stale = [finding for finding in findings if finding.code == "stale-entry"]
    if stale:
        whose = "its tag now points" if len(stale) == 1 else "their tags now point"
        sentences.append(f"Stale: {plural(len(stale), 'entry', 'entries')}; {whose} elsewhere.")
    if any(finding.code in MISSING and finding.action == "recreate" and finding.effect for finding in findings):
        sentences.append(RECREATED)
    elsewhere = [finding for finding in findings if finding.code == "not-in-this-repository"]
    sentences.extend(finding.message for finding in elsewhere[:2])
    # That the index itself is empty is the whole verdict already.
    empty = {"empty-index"} if node.index is not None and not node.index.entries else set()
    others = [finding for finding in findings if finding.code in _WORTH_SAYING and finding.code not in empty]
    sentences.extend(finding.message for finding in others[:2])
    if len(others) > 2:
        sentences.append(f"{plural(len(others) - 2, 'more warning')}.")
    return sentences


_WORTH_SAYING = (
    "empty-index",
    "platform-mismatch",
    "duplicate-platform",
    "media-type-mismatch",
    "orphan-attestation",
    "dangling-subject",
    "cycle",
    "too-deep",
    "nested-index",
    *("content-type-mismatch", "schema-version", "malformed-media-type", "malformed-digest", "malformed-env"),
    *("malformed-config", "mixed-config"),
    "no-layers",
    *("encrypted-layer", "foreign-layer"),
)


def _list(names: Sequence[str]) -> str:
    if len(names) <= 1:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
