"""Filtering long lists of names as somebody types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

Matcher = Callable[[str], bool]


def matcher(pattern: str) -> Matcher:
    """A test for names: a glob when the pattern has `*` or `?`, a subsequence after `~`, else its words.

    Capitals don't matter. An empty pattern lets everything through.
    """
    text = pattern.strip().lower()
    if not text:
        return lambda name: True
    if text.startswith("~"):
        return _subsequence(text[1:])
    if "*" in text or "?" in text:
        return _glob(text)
    words = text.split()
    if len(words) == 1:
        return lambda name: text in name.lower()
    return lambda name: all(word in name.lower() for word in words)


def select(names: Iterable[str], pattern: str) -> list[str]:
    """The names that the pattern lets through, in their order.

    When no name contains the plain words of the pattern, the letters in their order are enough ("edgarm" finds
    `edge-arm64`).
    """
    pool = names if isinstance(names, list) else list(names)
    test = matcher(pattern)
    found = [name for name in pool if test(name)]
    text = pattern.strip().lower()
    if not found and text and not any(mark in text for mark in "*?~"):
        loose = _subsequence(text.replace(" ", ""))
        found = [name for name in pool if loose(name)]
    return found


def _glob(text: str) -> Matcher:
    # Runs of stars are one star, so that no pattern can make the matching slow.
    text = re.sub(r"\*+", "*", text)
    expression = "".join(".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in text)
    if text.count("*") > 6:
        parts = [part for part in text.split("*") if part]
        return lambda name: _in_order(name.lower(), parts)
    compiled = re.compile(expression, re.IGNORECASE | re.DOTALL)
    return lambda name: compiled.fullmatch(name) is not None


def _in_order(name: str, parts: list[str]) -> bool:
    at = 0
    for part in parts:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _subsequence(letters: str) -> Matcher:
    def test(name: str) -> bool:
        at = 0
        lowered = name.lower()
        for letter in letters:
            at = lowered.find(letter, at) + 1
            if at == 0:
                return False
        return True

    return test
