"""What a finding is: its code with how bad it is, where it comes from and what fixes it, and one finding about one
object. The texts of the codes are `resources/findings.toml`, the sentences about one object are made in `findings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tui.oci.digest import Digest
from tui.resources import records
from tui.text import capital


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst, for sorting."""
        return ("error", "warning", "info").index(self.value)


#: The fix of a name that leads nowhere: there is nothing yet that could be recreated.
NOT_THERE = "Check the name and the tag, or push the image. Open the repository to see its tags."

#: The fix of what a tool attached to an image.
ATTACH_AGAIN = "Attach it again with the tool that made it, or delete it."
LOOK_OR_ATTACH = "Search other places (`fanfold fix --from PLACE`), or attach it again with the tool that made it."


@dataclass(frozen=True, slots=True)
class Code:
    """One record of `findings.toml`, whose head says what each field is for."""

    code: str
    severity: Severity
    title: str
    cause: str
    fix: str
    what: tuple[str, ...]
    why: str
    specs: tuple[str, ...]
    action: str | None = None
    refused_by: tuple[str, ...] = ()
    taken_by: tuple[str, ...] = ()


@cache
def codes() -> Mapping[str, Code]:
    """Every code, the worst first. Read when there is a finding: what is well needs no file."""
    return records("findings.toml", Code)


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
    effect: str = ""
    """What the action leads to, in two or three words."""
    command: str = ""
    """The command line of ours that does it, to be pasted into a shell; "" where it cannot be told."""
    tags: tuple[str, ...] = ()
    """In a list the tags and images that have it, as the reader would name them; empty where there is only one."""


def offers(found: Iterable[Finding]) -> dict[str, str]:
    """The actions that a verdict offers for these findings, the worst first, with what each leads to: a finding names
    only what can work."""
    offered: dict[str, str] = {}
    for finding in found:
        if finding.action and finding.severity is not Severity.INFO:
            offered.setdefault(finding.action, finding.effect)
    return offered


#: So many tags are named; of more only the number is told.
NAMED_TAGS = 6


def named_tags(finding: Finding) -> str:
    """Which tags a finding of a list is about: "in 1.0, 1.1 and 2.0"; "" when it is not one of a list."""
    if not finding.tags:
        return ""
    names, left = list(finding.tags[:NAMED_TAGS]), len(finding.tags) - NAMED_TAGS
    if left > 0:
        return f"in {', '.join(names)} and {left:,} more"
    return f"in {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}"


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
