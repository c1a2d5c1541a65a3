"""The verdict box and the header line: what they say for where the cursor is."""

from __future__ import annotations

import logging

from tui.app.house import failure
from tui.app.panes.detail import DetailPane
from tui.app.styled_text import Line, Role, Target
from tui.app.widgets.bars import HeaderFacts, HeaderLine, VerdictBox
from tui.explore.cells import rest_words
from tui.explore.finding import Severity
from tui.explore.node import Kind, Load, Node
from tui.explore.verdict import Verdict
from tui.sources.presence import Presence
from tui.text import capital, plural, safe

_log = logging.getLogger(__name__)


class VerdictPane(DetailPane):
    """Verdict, header, and whether anything on the screen turns by itself."""

    def refresh_verdict(self) -> None:
        """Make the verdict anew."""
        try:
            line = self.verdict_line()
        except Exception as error:  # as in refresh_detail
            _log.exception("the verdict failed")
            line = Line(hang=2).put(f"No verdict: {failure(error)}", "bad")
        self.query_one(VerdictBox).line = line

    def verdict_line(self) -> Line:
        """What the verdict box says: a check under way, else the verdict on what the cursor is in."""
        running = self.explorer.running() if self.ready else []
        if running:
            run = running[-1]
            line = Line(hang=2).put(f"{self.glyphs.of(Presence.CHECKING, self.images.tick)} ", "info")
            line.put(f"checking {run.node.label}: {run.done:,} of {run.total:,} objects", "info")
            line.put(f"   {self.keys.first('check')} stops it", "dim", Target("action", "check"))
            return line
        node = self.current
        if node is None or not self.ready:
            return Line(hang=2).put("Nothing is open yet.", "dim")
        top = node.top()
        if top is None:
            return self._listing_line(node)
        verdict = self.judge.verdict(top, self.explorer)
        mark, role = self._mark_of(verdict)
        line = Line(hang=2).put(f"{mark} ", role).put(verdict.sentence, role if role == "bad" else "plain")
        fixes: dict[str, str] = {}
        for finding in self.judge.findings(top, self.explorer):
            if finding.action and finding.severity is not Severity.INFO:
                fixes.setdefault(finding.action, finding.code)
        for action in list(fixes)[:2]:
            line.put("   ").put(self.keys.first(action), "key-cap", Target("action", action))
            line.put(f" {self.keys.title(action)}", "label")
        if fixes:
            line.put("   ").put(self.keys.first("explain"), "key-cap", Target("action", "explain")).put(
                " explain", "label"
            )
        return line

    def _mark_of(self, verdict: Verdict) -> tuple[str, Role]:
        """The symbol before a verdict: never a tick unless everything is known to be there."""
        if verdict.severity is Severity.ERROR:
            return self.glyphs.of(Presence.MISSING), "bad"
        if verdict.severity is Severity.WARNING:
            return "!", "warn"
        if verdict.complete:
            return self.glyphs.of(Presence.PRESENT), "good"
        return self.glyphs.of(Presence.UNCHECKED), "dim"

    def _listing_line(self, node: Node) -> Line:
        line = Line(hang=2)
        if node.error is not None:
            return line.put("! ", "warn").put(node.error.sentence)
        found = self.judge.looked_at(node, self.explorer)
        opened, broken, seen = found.opened, found.broken, found.seen
        if not opened:
            line.put(f"{self.glyphs.dot} ", "dim")
            what = "a repository" if node.kind is Kind.SOURCE else "a tag"
            return line.put(f"Open {what}: the verdict says here who can pull it.", "dim")
        looked = plural(opened, "tag or image was", "tags and images were") + " looked at"
        if not seen.complete and seen.looked == opened:
            looked = f"{seen.counted} were looked at" if seen.listed > 1 else f"{seen.counted} was looked at"
        doubt = f", {found.unknown:,} could not be determined" if found.unknown else ""
        rest = f" {capital(seen.rest)}." if seen.rest else ""
        if broken:
            whole = node.kind is Kind.SOURCE or len({row.repository for row in broken[:5]}) > 1
            names = ", ".join(_called(row, whole) for row in broken[:5]) + (" …" if len(broken) > 5 else "")
            line.put(f"{self.glyphs.of(Presence.MISSING)} ", "bad")
            return line.put(f"{looked}; {len(broken):,} cannot be pulled whole{doubt}: {names}.", "bad").put(rest)
        none = "none of these" if rest else "none"
        return line.put(f"{self.glyphs.dot} ", "dim").put(f"{looked}; {none} is known to be broken{doubt}.{rest}")

    def refresh_header(self) -> None:
        """Draw the header for where the cursor is now."""
        node = self.current
        marks = []
        where = ""
        registry: str | None = None
        if node is not None:
            registry = node.source.registry
            where = safe(node.source.reference(node.repository)) if node.repository else node.source.title
            if not self.read_only and not node.source.can_write:
                marks.append("read-only source")
        elif self.ready and self.explorer.roots:
            where = self.explorer.roots[0].source.title
        if self.read_only:
            marks.append("read-only")
        pulls = rate = ""
        busy = False
        services = self.services
        marks.extend(self._rests_of(registry))
        if services is not None and registry is not None:
            if registry in services.insecure:
                marks.append("insecure")
            limit = services.client.rate_limit(registry) if services.client else None
            if limit is not None and limit.remaining is not None:
                of = f"/{limit.limit}" if limit.limit is not None else ""
                pulls = f"pulls left {limit.remaining}{of}"
        if services is not None and services.trace is not None:
            per_second = services.trace.rate()
            busy = per_second > 0
            rate = f"{per_second:.0f} req/s" if per_second >= 1 or not busy else f"{per_second:.1f} req/s"
        self.query_one(HeaderLine).facts = HeaderFacts(where, pulls, rate, busy, tuple(marks), self.glyphs.mark)

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
        client = self.services.client if self.services is not None else None
        return {name.lower(): left for name, left in client.pauses().items()} if client is not None else {}

    @property
    def rate_is_shown(self) -> bool:
        """Whether requests a second are shown and not nought: they fall by themselves."""
        return self.services is not None and self.services.trace is not None and self.services.trace.rate() > 0

    @property
    def live(self) -> bool:
        """Whether a row on the screen turns by itself."""
        if not self.ready:
            return False
        if self.explorer.running() or self.rests:
            return True
        for node in self.images.visible_nodes():
            if node.load is Load.LOADING:
                return True
            if self.explorer.observation(node).presence in (Presence.CHECKING, Presence.LIMITED):
                return True
        return False


def _called(row: Node, whole: bool) -> str:
    """A tag or image by name; with its repository where names of several stand side by side."""
    if not whole or row.repository is None:
        return row.label
    return safe(row.repository, limit=255) + (f":{row.label}" if row.tag is not None else f"@{row.label}")
