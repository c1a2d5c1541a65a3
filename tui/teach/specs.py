"""Where the specifications define things: document and section, as their own tables of contents name them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from tui.resources import records


@dataclass(frozen=True, slots=True)
class Spec:
    """One place in a specification: "OCI image-spec, image-index.md, 'Image Index Property Descriptions'"."""

    name: str
    document: str
    section: str
    url: str

    def __str__(self) -> str:
        return f"{self.document}, '{self.section}'"


@cache
def _all() -> Mapping[str, Spec]:
    return records("specs.toml", Spec)


def specs(names: Iterable[str]) -> tuple[Spec, ...]:
    """The places with these names in `specs.toml`. Raises KeyError for a name that is not there."""
    return tuple(_all()[name] for name in names)
