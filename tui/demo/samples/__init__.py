"""What the gallery shows, a file for each group."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One repository of the gallery, and what is to be seen there.

    `codes` are the findings that a check of `tags` must report. `also` may be reported beside them, when more of the
    registry has been looked at (the source tags, the sibling repositories). `words` say what it teaches.
    """

    repository: str
    tags: tuple[str, ...]
    codes: tuple[str, ...]
    words: str
    also: tuple[str, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        """ "gallery/nested:latest", without the registry."""
        return tuple(f"{self.repository}:{tag}" for tag in self.tags)
