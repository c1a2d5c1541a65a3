"""The lines around the panes: header, verdict, keys."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tui.app.failure import failure
from tui.app.styled_text import Line, Role, Target
from tui.app.widgets.bars import HeaderFacts, KeyFact
from tui.explore.cells import how_old, rest_words
from tui.explore.finding import Severity, offers
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.verdict import Verdict
from tui.sources.presence import Presence
from tui.text import capital, plural, safe, shorten

if TYPE_CHECKING:
    from tui.app.actions import Action
    from tui.app.screens.main import MainScreen


_log = logging.getLogger(__name__)

#: What a narrow bar of keys keeps, where it applies.
VITAL_KEYS = frozenset({"open", "check", "fix", "recreate"})
#: The keys while a filter or a search is typed.
TYPING_KEYS = (
    KeyFact("filter", "Enter", "keep", ""),
    KeyFact("filter", "↑↓", "move", ""),
    KeyFact("escape", "Esc", "clear", ""),
)
#: So many of the actions that would help are offered beside the verdict.
MOST_OFFERS = 2
#: So many notices at once are said; a registry may send any number of warnings.
MOST_NOTICES = 3


class Status:
    """What they say for where the cursor is."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.images = screen.images
        self._noticed: set[str] = set()

    def refresh_keys(self) -> None:
        """Draw the key bar for where the cursor is now; while something is typed, what ends that: letters are text."""
        if self.screen.find_bar.display:
            self.screen.key_bar.keys = TYPING_KEYS
            return
        reasons = self.screen.actions.reasons()
        shown = sorted((action for action in self.screen.actions.table if action.rank), key=lambda action: action.rank)
        self.screen.key_bar.keys = tuple(
            KeyFact(
                action.id,
                self.screen.keys.first(action.id),
                self._title(action),
                reasons[action.id],
                action.id in VITAL_KEYS,
            )
            for action in shown
        )

    def _title(self, action: Action) -> str:
        """What its key does where the keys go now: `/` filters lists, and finds in a page."""
        return "find" if action.id == "filter" and self.screen.pane == "detail" else action.title

    def refresh_verdict(self) -> None:
        """Make the verdict anew."""
        try:
            line = self.verdict_line()
        except Exception as error:  # as in Detail.refresh
            _log.exception("the verdict failed")
            line = Line(hang=2).put(f"No verdict: {failure(error)}", "bad")
        self.screen.verdict.line = line

    def verdict_line(self) -> Line:
        """What the verdict line says: a check under way, else the verdict on what the cursor is in."""
        running = self.screen.explorer.running() if self.screen.ready else []
        if running:
            run = running[-1]
            line = Line(hang=2).put(f"{self.screen.glyphs.of(Presence.CHECKING, self.images.tick)} ", "checking")
            line.put(f"checking {run.node.label}: {run.words}", "checking")
            line.put(f"   {self.screen.keys.first('check')} stops it", "dim", Target("action", "check"))
            return line
        node = self.screen.current
        if node is None or not self.screen.ready:
            return Line(hang=2).put("Nothing open. ", "dim")
        top = node.top()
        if top is None:
            return self._listing_line(node)
        verdict = self.screen.findings.verdict(top, self.screen.explorer)
        mark, role = self._mark_of(verdict)
        line = Line(hang=2).put(f"{mark} ", role).put(verdict.lead, role if role == "bad" else "plain")
        line.put(verdict.sentence.removeprefix(verdict.lead))
        if verdict.unknown and (why := self.screen.explorer.why_not_unasked(top)):
            line.put(f" Not checked automatically: {why}.", "warn")
            unread = sum(row.kind in MANIFEST_KINDS and row.load is Load.IDLE for row in top.children)
            self._offer(line, "check", f"{unread:,}+ manifests" if unread else "")
        reasons = self.screen.actions.reasons()
        found = self.screen.findings.findings(top, self.screen.explorer)
        fixes = {action: effect for action, effect in offers(found).items() if not reasons.get(action)}
        for action, effect in list(fixes.items())[:MOST_OFFERS]:
            self._offer(line, action, effect)
        if any(finding.severity is not Severity.INFO for finding in found):
            self._offer(line, "explain")
        return self._put_age(line, top)

    def _offer(self, line: Line, action: str, remark: str = "") -> None:
        """Put an action's key at the end of a verdict, unless it stands there already."""
        target = Target("action", action)
        if any(link.target == target for link in line.links):
            return
        line.put("   ").put(self.screen.keys.first(action), "key-cap", target)
        line.put(f" {self.screen.keys.title(action)}", "label").put(f" ({remark})" if remark else "", "dim")

    def _put_age(self, line: Line, node: Node) -> Line:
        """How old the oldest answer is that was just told of, where it is not fresh, and what asks again."""
        if old := how_old(self.screen.explorer.rollup(node).oldest):
            self._offer(line, "refresh", f"oldest answer {old}")
        return line

    def _mark_of(self, verdict: Verdict) -> tuple[str, Role]:
        """The symbol before a verdict: never a tick unless everything is known to be there."""
        if verdict.severity is Severity.ERROR:
            return self.screen.glyphs.of(Presence.MISSING), "bad"
        if verdict.severity is Severity.WARNING:
            return "!", "warn"
        if verdict.complete:
            return self.screen.glyphs.of(Presence.PRESENT), "good"
        return self.screen.glyphs.of(Presence.UNCHECKED), "dim"

    def _listing_line(self, node: Node) -> Line:
        line = Line(hang=2)
        if node.error is not None:
            return line.put("! ", "warn").put(node.error.sentence)
        found = self.screen.findings.looked_at(node, self.screen.explorer)
        opened, broken, seen = found.opened, found.broken, found.coverage
        if not opened:
            line.put(f"{self.screen.glyphs.dot} ", "dim")
            what = "repository" if node.kind is Kind.SOURCE else "tag"
            line.put(f"Select a {what} to see its status.", "dim")
            if node.kind is Kind.REPOSITORY:
                line.put("   ").put(self.screen.keys.first("check"), "key-cap", Target("action", "check"))
                line.put(" checks all", "label")
            return line
        looked = f"Checked {plural(opened, 'tag or image', 'tags and images')}"
        if seen.looked == opened:
            looked = f"Checked {seen.counted}"
        doubt = f", {found.unknown:,} unknown" if found.unknown else ""
        rest = f" {capital(seen.rest)}." if seen.rest else ""
        if broken:
            whole = node.kind is Kind.SOURCE or len({row.repository for row in broken[:5]}) > 1
            names = ", ".join(_called(row, whole) for row in broken[:5]) + (" …" if len(broken) > 5 else "")
            line.put(f"{self.screen.glyphs.of(Presence.MISSING)} ", "bad")
            line.put(f"{looked}; {len(broken):,} broken{doubt}: {names}.", "bad").put(rest)
            return self._put_age(line, node)
        none = "none of these" if rest else "none"
        line.put(f"{self.screen.glyphs.dot} ", "dim").put(f"{looked}; {none} is known to be broken{doubt}.{rest}")
        return self._put_age(line, node)

    def refresh_header(self) -> None:
        """Draw the header for where the cursor is now."""
        node = self.screen.current
        marks = []
        where = ""
        registry: str | None = None
        if node is not None:
            registry = node.source.registry
            where = safe(node.source.reference(node.repository)) if node.repository else node.source.title
            if not self.screen.read_only and not node.source.can_write:
                marks.append("read-only source")
        elif self.screen.ready and self.screen.explorer.roots:
            where = self.screen.explorer.roots[0].source.title
        if self.screen.read_only:
            marks.append("read-only")
        pulls = rate = flying = ""
        busy = False
        services, client, trace = self.screen.services, self.screen.client, self.screen.trace
        marks.extend(self._rests_of(registry))
        if services is not None and registry in services.insecure:
            marks.append("insecure")
        limit = client.rate_limit(registry) if client is not None and registry is not None else None
        if limit is not None and limit.left:
            pulls = f"pulls left {limit.left}"
        if trace is not None:
            per_second = trace.rate()
            busy = per_second > 0
            under_way = client.under_way if client is not None else 0
            flying = f"{under_way} in flight" if under_way else ""
            rate = f"{per_second:.0f} req/s" if per_second >= 1 or not busy else f"{per_second:.1f} req/s"
        self.screen.header.facts = HeaderFacts(where, pulls, rate, busy, tuple(marks), self.screen.glyphs.mark, flying)

    def _rests_of(self, registry: str | None) -> list[str]:
        """The rests that are waited for: this registry's, and with their names those of others (token servers)."""
        own = (registry or "").lower()
        return [
            rest_words(left) if name == own else f"{safe(name, limit=60)}: {rest_words(left)}"
            for name, left in sorted(self.rests.items(), key=lambda each: each[0] != own)[:2]
        ]

    @property
    def rests(self) -> dict[str, float]:
        """The hosts (lower case) that asked for a rest, with the seconds that are left of it."""
        client = self.screen.client
        return {name.lower(): left for name, left in client.pauses().items()} if client is not None else {}

    @property
    def rate_is_shown(self) -> bool:
        """Whether requests a second are shown and not nought: they fall by themselves."""
        return self.screen.trace is not None and self.screen.trace.rate() > 0

    @property
    def live(self) -> bool:
        """Whether a row on the screen turns by itself."""
        if not self.screen.ready:
            return False
        if self.screen.explorer.running() or self.rests:
            return True
        for node in self.images.visible_nodes():
            if node.load is Load.LOADING:
                return True
            if self.screen.explorer.observation(node).presence in (Presence.CHECKING, Presence.LIMITED):
                return True
        return False

    def say_notices(self) -> None:
        """Say each notice of the engine once: logins that did not help, warnings of registries, how names were read."""
        engine = self.screen.services.engine if self.screen.services is not None else None
        if engine is None:
            return
        new = [text for text in engine.notices if text not in self._noticed]
        self._noticed.update(new)
        for text in new[:MOST_NOTICES]:
            self.screen.say(shorten(text, 500), title="Warning", severity="warning", timeout=20)
        if len(new) > MOST_NOTICES:
            left = len(new) - MOST_NOTICES
            self.screen.say(
                f"{plural(left, 'more notice')}: see the Summary of the registry.", severity="warning", timeout=20
            )


def _called(row: Node, whole: bool) -> str:
    """A tag or image by name; with its repository where names of several stand side by side."""
    if not whole or row.repository is None:
        return row.label
    return safe(row.repository, limit=255) + (f":{row.label}" if row.tag is not None else f"@{row.label}")
