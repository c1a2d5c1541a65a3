"""The gallery: everything that the embedded registry shows, made in memory, the same every time.

Each sample says which findings a check of it must report, and in a sentence what it teaches; the tests hold the
checker to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tui.demo.access import Rules
from tui.demo.samples import broken, crowds, hello, stories
from tui.demo.store import Store
from tui.resources import records


@dataclass(frozen=True, slots=True)
class Sample:
    """Tags of one repository, and what is to be seen there: a record of `gallery.toml`."""

    name: str
    words: str
    """What it teaches, in a sentence or two."""
    codes: tuple[str, ...] = ()
    """The findings that a check of `tags` must report."""
    also: tuple[str, ...] = ()
    """Findings that may be reported beside them, when more of the registry has been looked at: the source tags, the
    sibling repositories."""
    tags: tuple[str, ...] = ("latest",)
    repository: str = ""
    """`gallery/NAME` where the record does not say."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "repository", self.repository or f"gallery/{self.name}")

    @property
    def references(self) -> tuple[str, ...]:
        """`gallery/nested:latest`, without the registry."""
        return tuple(f"{self.repository}:{tag}" for tag in self.tags)


GALLERY: Final = tuple(records("gallery.toml", Sample).values())


def build_gallery() -> Store:
    """A store with every sample in it. Takes well under a second."""
    store = Store()
    store.rules = Rules(ping=True)
    for group in (hello, stories, broken, crowds):
        group.build(store)
    return store
