"""How many exchanges one host can bear at once, found out while asking it.

By Little's law a host answers `size / latency` requests a second. A larger size is tried, and kept when that rate rose
by at least half of what the size did; else the size goes back, and the next is tried halfway between (as TCP BIC does,
which finds its place and stays there, where a plain additive increase would run into the same refusal again and again).
Until something spoke against growing, each answer that is as quick as before lets one more through, as in TCP's slow
start: new connections take a round trip longer, and the size would stand still for them.

A refusal halves the size, and so does a latency that doubles at a size that did well before, unless the smaller size
turns out no quicker: then the host has become slower by itself, and that is its new measure. A refusal below the size
that the last one was put down to means that the host counts requests over time, so the next guess is much lower.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Exchanges at once with a host of which nothing is known.
BEGIN = 16
#: Answers of one kind that are needed at least to say how quick a host is.
_SAMPLES = 8
#: How much of a larger size has to come out as a higher rate.
_WORTH = 0.5
#: Seconds; less of a difference is the machine's own noise.
_NOISE = 0.003
#: Times the usual latency that halves the size, and the seconds that it is more at least: this machine may be busy.
_CLIMBED, _CLIMB = 2.0, 0.02
#: Latency alone never makes it smaller: it may be our own, and then asking less makes nothing quicker.
_LEAST = 8
#: How much of the former latency a smaller size must bring it down to, to have helped.
_HELPED = 0.75
#: Times as slow as its growth explains: a much larger size that lowers the rate casts doubt on the one before, too.
_FELL = 1.25
#: One verdict may be chance, so many are not.
_STRIKES = 2
#: Seconds after which a size above what did well before is tried again: at first, and at most.
_PATIENCE, _LONG_PATIENCE = 30.0, 480.0


@dataclass(slots=True)
class _Halving:
    """What there was before a halving for latency: to be undone if it did not help."""

    latency: float
    size: int


class CongestionWindow:
    """`limit` exchanges at once with one host, between 1 and `ceiling`. Knows of no clock: times are seconds of any."""

    def __init__(self, ceiling: int) -> None:
        self.ceiling = max(1, ceiling)
        self.limit = self._size = min(BEGIN, self.ceiling)
        self._good = self._size
        """The size that did well last; `_usual` has the latency there, by kind of request."""
        self._usual: dict[str, float] = {}
        self._safe = 0
        """Half of what was refused: up to it the size grows back unjudged."""
        self._bound = self.ceiling
        """The largest size that is worth a try."""
        self._ahead = 0
        """How many more than the size that is tried are let through, while answers come as quickly as before it."""
        self._bounded_at = 0.0
        self._patience = _PATIENCE
        self._raised = False
        self._blamed = 0
        """Up to here the last refusal left room."""
        self._left: int | None = None
        self._halved_at = float("-inf")
        self._halving: _Halving | None = None
        self._strikes = 0
        self._since = float("-inf")
        self._samples: dict[str, list[float]] = {}

    def answered(self, kind: str, began: float, now: float, running: int) -> None:
        """An answer came. Only the like of one another are compared: `kind` is the method. `running` exchanges were
        under way when it began, itself counted: what came while the host had little to do says nothing of the size."""
        if self._good < self._size > self._ahead and self._bound == self.ceiling and running * 8 >= self._good * 7:
            usual = self._usual.get(kind)
            if usual is None or now - began <= _worth(usual, 2.0):
                self._ahead += 1
                self._show()
        if began < self._since or running * 8 < self._size * 7:
            return
        samples = self._samples.setdefault(kind, [])
        samples.append(now - began)
        if len(samples) >= (self._size if self._size < self._safe else max(_SAMPLES, self._size // 2)):
            latency = sorted(samples)[len(samples) // 2]  # `statistics` takes 3 ms to import
            self._samples.clear()
            self._judge(kind, latency, now)

    def refused(self, began: float, now: float, running: int) -> None:
        """The host had too much (429, 503, a reset). Only one halving for all that were under way together."""
        if began <= self._halved_at:
            return
        self._halved_at = now
        size = self._size if began >= self._since else min(self._size, self._good)
        self._safe = max(1, size // 2)
        room = running * 19 // 20 if running > self._blamed else running * 3 // 4
        self._blamed = max(self._safe, min(self._bound, running - 1, room))
        self._set_bound(self._blamed, now)
        self._halving = None
        self._good = self._safe
        self._resize(self._safe, now)

    def rest(self, now: float) -> None:
        """The host is left alone for a while: begin gently after it."""
        self._safe = self._safe or max(1, self._size // 2)
        self._good = min(self._good, self._safe)
        self._resize(max(1, self._safe // 4), now)

    def told(self, left: int | None) -> None:
        """The host says that so many requests are left: no more than these at once. None: it no longer says."""
        if left != self._left:
            self._left = left
            self._show()

    def _judge(self, kind: str, latency: float, now: float) -> None:
        usual = self._usual.setdefault(kind, latency)
        if self._size < self._safe:
            self._grow(now)
        elif self._size > self._good:
            growth = self._size / self._good
            if latency <= _worth(usual, growth):
                self._good, self._usual = self._size, {kind: latency}
                self._grow(now)
            elif self._is_sure():
                close = self._size - self._good <= self._good // 8 + 1
                self._set_bound(self._good if close else self._size - 1, now)
                if growth >= 1.5 and latency > usual * growth * _FELL:
                    self._halve(usual, self._good, now)
                else:
                    self._resize(self._good, now)
        elif latency > max(usual * _CLIMBED, usual + _CLIMB) and self._size > _LEAST:
            if self._halving is not None and latency > self._halving.latency * _HELPED:
                self._undo(kind, latency, now)
            elif self._is_sure():
                self._halve(latency, self._size, now)
        elif self._halving is not None and latency > self._halving.latency * _HELPED:
            self._undo(kind, latency, now)
        else:
            if self._halving is not None:
                self._set_bound(min(self._bound, self._halving.size - 1), now)
                self._usual, self._halving = {kind: latency}, None
            self._usual[kind] = usual + 0.1 * (latency - usual)
            self._grow(now)

    def _is_sure(self) -> bool:
        self._strikes += 1
        return self._strikes >= _STRIKES

    def _set_bound(self, bound: int, now: float) -> None:
        if self._raised:
            self._raised, self._patience = False, min(_LONG_PATIENCE, 2 * self._patience)
        self._bound, self._bounded_at = bound, now

    def _halve(self, latency: float, size: int, now: float) -> None:
        self._halving = _Halving(latency, size)
        self._good = max(min(size, _LEAST), size // 2)
        self._resize(self._good, now)

    def _undo(self, kind: str, latency: float, now: float) -> None:
        before = self._halving
        assert before is not None
        self._halving = None
        self._good, self._usual = before.size, {kind: latency}
        self._resize(before.size, now)

    def _grow(self, now: float) -> None:
        self._strikes = 0
        if self._bound < self.ceiling and now - self._bounded_at > self._patience:
            self._bound, self._bounded_at = min(self.ceiling, self._bound + max(1, self._bound // 4)), now
            self._raised = True
        size, bound = self._size, self._bound
        if size < self._safe:
            self._good = min(2 * size, self._safe)
            self._resize(self._good, now)
        elif bound == self.ceiling:
            self._resize(min(2 * size, bound), now)
        elif size < bound:
            self._resize(bound if bound - size <= size // 4 else (size + bound) // 2, now)

    def _resize(self, size: int, now: float) -> None:
        if size != self._size:
            self._size, self._since, self._strikes, self._ahead = size, now, 0, 0
            self._samples.clear()
            self._show()

    def _show(self) -> None:
        wide = min(self._size + self._ahead, self.ceiling)
        self.limit = wide if self._left is None else max(1, min(wide, self._left))


def _worth(usual: float, growth: float) -> float:
    """The latency up to which a size that is larger by this factor is worth it."""
    return max(usual * growth / (1 + _WORTH * (growth - 1)), usual + _NOISE)
