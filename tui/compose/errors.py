"""What making an index can fail with. Every sentence is safe text and complete."""

from __future__ import annotations

from tui.sources.presence import Presence


class ComposeError(Exception):
    """Something that cannot be made or written. `sentence` says what, where, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class DraftError(ComposeError):
    """An edit that makes no sense for this draft."""


class ResolveError(ComposeError):
    """A reference that gave no images.

    `presence` says why: missing (it does not exist), mismatched (it is not an image), denied, limited, unreachable.
    """

    def __init__(self, sentence: str, presence: Presence, *, retry_at: float | None = None) -> None:
        super().__init__(sentence)
        self.presence = presence
        self.retry_at = retry_at

    @property
    def undetermined(self) -> bool:
        """Whether it could not be found out (exit status 3), as opposed to known to be wrong (exit status 1)."""
        return self.presence.undetermined


class JournalError(ComposeError):
    """The journal could not be written, so nothing may be replaced."""


class LocalListError(ComposeError):
    """Docker's folder of local lists cannot be read or written as wanted."""
