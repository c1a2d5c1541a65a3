"""An answer's header fields: looked up by lower-case name, quickly.

httpx's own mapping encodes the name and searches the list anew at every look (5 us each; a check makes six).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


class Fields(Mapping[str, str]):
    """Names are lower case. A field that came several times reads as one value joined by ", ", as RFC 9110 section
    5.3 has it; `get_list` gives the lines, `flat` all of them as sent (name, value, name, value ...)."""

    __slots__ = ("_values", "flat", "names")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.flat: list[str] = []
        self.names: list[str] = []
        self._values: dict[str, str] = {}
        for name_bytes, value_bytes in raw:
            name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
            lowered = name.lower()
            self.flat += (name, value)
            self.names.append(lowered)
            known = self._values.get(lowered)
            self._values[lowered] = value if known is None else f"{known}, {value}"

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_list(self, name: str) -> list[str]:
        return [value for lowered, value in zip(self.names, self.flat[1::2], strict=True) if lowered == name]
