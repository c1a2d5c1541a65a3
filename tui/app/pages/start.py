"""Where to begin, when nothing was named on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.resources import sections
from tui.text import safe

#: So many names are listed of a kind.
_LISTED = 5


def start_hint(logins: Sequence[str], bookmarks: Sequence[str], put_in: Callable[[str], str]) -> str:
    """The lines below the field. `logins` and `bookmarks` are foreign text; `put_in` puts keys in."""
    texts = sections("help.md")
    parts = [put_in(texts["start"])]
    for title, names in (("Bookmarks", bookmarks), ("Logged in (docker login)", logins)):
        if names:
            shown = "   ".join(safe(name, limit=60) for name in names[:_LISTED])
            parts.append(f"{title}: {shown}" + (" …" if len(names) > _LISTED else ""))
    return "\n\n".join([*parts, put_in(texts["start-demo"])])
