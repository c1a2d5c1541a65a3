"""What a finding is."""

from __future__ import annotations

from dataclasses import dataclass

from tui.explore.codes import Severity, codes
from tui.oci.digest import Digest
from tui.text import capital


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about one object. All texts are safe."""

    code: str
    severity: Severity
    digest: Digest | None
    platform: str | None
    """The platform concerned, as text."""
    message: str
    fix: str
    """What to do; a key stands in it as `{key:ACTION}`, which `text.with_keys` resolves."""
    action: str | None
    """The id of the action that fixes it, if there is one."""
    node_key: str
    """The row that it is about."""
    facts: tuple[str, str] = ("", "")
    """The two facts that disagree; each "" when there is only one."""


def make(
    code: str,
    node_key: str,
    message: str,
    *,
    digest: Digest | None = None,
    platform: str | None = None,
    facts: tuple[str, str] = ("", ""),
    fix: str | None = None,
    verbatim: bool = False,
) -> Finding:
    """A finding with the severity, fix and action of its code; a sentence begins with a capital, unless it is a
    `verbatim` one, which may begin with a name."""
    row = codes()[code]
    plain = not verbatim and message.partition(" ")[0].isalpha()  # and no name that somebody else chose
    sentence = capital(message) if plain else message
    return Finding(code, row.severity, digest, platform, sentence, fix or row.fix, row.action, node_key, facts)
