"""Asking where to: names that can be checked while they are typed, and suggestions from what is in the tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.app.actions.finding import split_selector
from tui.app.screens.dialogs import Prompt
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import Reference, is_tag
from tui.text import safe

#: Suggestions that are listed below the line.
_LISTED = 5


class Where(Prompt):
    """A line with suggestions: the first that fits is shown behind the cursor, right or end takes it."""

    def __init__(
        self, title: str, suggestions: Sequence[str], *, value: str = "", meant: Callable[[str], str] = str.strip
    ) -> None:
        self.suggestions = list(dict.fromkeys(suggestions))
        shown = "   ".join(safe(each) for each in self.suggestions[:_LISTED])
        hint = f"→ takes a suggestion: {shown}" if shown else "repository:tag"
        super().__init__(title, value=value, hint=hint, check=lambda text: why_no_target(meant(text)))

    def compose(self) -> ComposeResult:
        suggester = SuggestFromList(self.suggestions, case_sensitive=False)
        yield self.box(
            Input(value=self.value, id="prompt-input", suggester=suggester, select_on_focus=False),
            Static(self.hint, id="prompt-note", classes="dialog-hint", markup=False),
            wide=True,
        )


def whole(text: str, near: Reference | None, explorer: Explorer) -> str:
    """A reference as it was meant: `:tag` and `@sha256:…` of the repository `near`, `/repository:tag` of its
    registry, or the name of a repository that this registry is known to have (else it would mean Docker Hub's)."""
    text = text.strip()
    if near is None:
        return text
    if text[:1] in (":", "@"):
        return f"{near.registry}/{near.repository}{text}"
    if text.startswith("/"):
        return f"{near.registry}{text}"
    name = split_selector(text)[0]
    for root in explorer.roots:
        if root.source.registry == near.registry and name in explorer.book.repositories(root.source):
            return f"{near.registry}/{text}"
    return text


def why_no_target(text: str) -> str:
    """Why a text is no tag to push to; "" when it is."""
    try:
        target = Reference.from_input(text)
    except OciError as error:
        return str(error)
    if target.digest is not None:
        return "what a digest names can never change: name a tag"
    return "" if target.explicit else "name a tag: repository:tag"


def why_no_tag(text: str) -> str:
    """Why a text is no tag."""
    return "" if is_tag(text.strip()) else "a tag has letters, digits, . _ - and at most 128 of them"


def siblings(explorer: Explorer, node: Node, tag: str) -> list[str]:
    """References with this tag in the repositories of the tree that could be written to, nearest first: those of the
    same registry, then of others."""
    found: list[str] = []
    roots = sorted(explorer.roots, key=lambda root: root.source is not node.source)
    for root in roots:
        if root.source.kind != "registry" or not root.source.can_write:
            continue
        names = [row.repository for row in root.walk() if row.kind is Kind.REPOSITORY and row.repository]
        if root.listing is not None:
            names += list(root.listing.names)[:500]
        own = node.repository if root.source is node.source else None
        found += [root.source.reference(name, tag=tag) for name in dict.fromkeys(names) if name != own]
    return found


def name_of_marks(marks: Sequence[Node]) -> str:
    """A tag for a list of these images: what their tags have in common, without a platform's name at the end."""
    tags = [mark.tag for mark in marks if mark.tag]
    if not tags:
        return ""
    common = _beginning(tags)
    for mark in marks:
        platform = mark.platform
        if platform is not None and len(tags) == 1:
            common = _without(common, platform)
    return common.rstrip("-_.") or ""


def _beginning(texts: Sequence[str]) -> str:
    """What all of them begin with, character by character."""
    first, last = min(texts), max(texts)
    same = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return first if same is None else first[:same]


def _without(tag: str, platform: Platform) -> str:
    for ending in (f"{platform.os}-{platform.architecture}", platform.architecture):
        if tag.endswith(ending):
            return tag[: -len(ending)]
    return tag
