"""`Warning: 299 - "text"` headers (distribution-spec "Warnings"): shown once each, never acted upon, bounded."""

from __future__ import annotations

import re

from tui.text import safe

_WARNING = re.compile(r'\s*(?:299\s+\S+\s+)"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")


class WarningBook:
    """What one registry warned of: safe texts in order of arrival, at most `limit` characters in all."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._texts: dict[str, None] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(self._texts)

    def read(self, lines: list[str]) -> None:
        for line in lines:
            for found in _WARNING.findall(line[:16_384]):
                text = safe(_ESCAPE.sub(r"\1", found).strip(), limit=1_024)
                if text and text not in self._texts and len(text) <= self._left:
                    self._left -= len(text)
                    self._texts[text] = None
