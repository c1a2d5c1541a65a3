"""What to tell the reader about an error."""

from __future__ import annotations

from tui.oci.errors import OciError
from tui.text import safe


def failure(error: BaseException) -> str:
    """What to tell the reader about an error: its own sentence if it has one, else its kind and words."""
    sentence = getattr(error, "sentence", "") or ""
    if not sentence:
        words = safe(str(error), limit=300)
        sentence = words if isinstance(error, OciError) else f"{type(error).__name__}: {words}" if words else ""
    fix = getattr(error, "fix", "") or ""
    return " ".join(part for part in (sentence or type(error).__name__, fix) if part)
