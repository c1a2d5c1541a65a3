"""Which action applies to what, and why not: one function for each reason. It gives "" when the action applies, else a
sentence for the reader. All that it may look at is an `ActionContext`; a key is written `{key:ACTION}`.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.explore.likely_places import comparison_of
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.oci import media
from tui.text import safe


@dataclass(frozen=True, slots=True)
class ActionContext:
    """What a reader has before them when an action is asked for."""

    node: Node | None = None
    """The row under the cursor."""
    pane: str = "tree"
    """Which pane has the keys: `tree`, `detail`, `requests` or `side`."""
    ready: bool = False
    """Whether the engine is there."""
    read_only: bool = False
    marks: tuple[Node, ...] = ()
    """The marked rows, in the order in which they were marked."""
    links: int = 0
    """How many links the detail page has."""
    places: int = 0
    """How far back the history goes."""
    exchange: bool = False
    """Whether a request is chosen."""
    traced: bool = False
    """Whether there are requests at all: files on disk make none."""
    linked: bool | None = None
    """Whether the digest of the chosen link's object is known; None: no link to an object is chosen."""
    drafts: int = 0
    """How many drafts were left unpushed."""

    @property
    def listing(self) -> Node | None:
        """The row whose names (tags, repositories) are filtered and sorted from here."""
        return listing_of(self.node)


def listing_of(node: Node | None) -> Node | None:
    """The nearest row at or above this one that holds a list of names."""
    while node is not None and node.listing is None:
        node = node.parent
    return node


def image_of(node: Node | None) -> Node | None:
    """The nearest tag, index or manifest at or above a row."""
    return node.image() if node is not None else None


def index_of(node: Node | None) -> Node | None:
    """The nearest index at or above a row: a tag whose manifest is one (or may be: nobody has asked yet), or a nested
    one."""
    while node is not None:
        unasked = node.kind is Kind.TAG and node.load is Load.IDLE and not node.media_type
        if node.kind in MANIFEST_KINDS and (node.is_index or media.is_index(node.media_type) or unasked):
            return node
        node = node.parent
    return None


def _cannot_write(now: ActionContext) -> str:
    if now.read_only:
        return "--read-only is on"
    if not now.ready:
        return "no source is open"
    return ""


def _cannot_write_here(now: ActionContext) -> str:
    node = now.node
    if node is None:
        return "nothing is selected"
    if not node.source.can_write:
        return node.source.why_read_only or "this source is read-only"
    return ""


def unavailable_recreate(now: ActionContext) -> str:
    if why := _cannot_write(now) or _cannot_write_here(now):
        return why
    return "" if index_of(now.node) else "select an index: only a manifest list has sources to recreate it from"


def unavailable_fix(now: ActionContext) -> str:
    if why := _cannot_write(now) or _cannot_write_here(now):
        return why
    node = now.node
    if node is None or node.repository is None or (node.kind is not Kind.REPOSITORY and image_of(node) is None):
        return "select a tag, an image or a repository to fix"
    if node.source.capabilities.stored_lists is not None:
        return "a local list holds no layers: press {key:fix} on its tag in the registry"
    return ""


def unavailable_amend(now: ActionContext) -> str:
    if why := _cannot_write(now) or _cannot_write_here(now):
        return why
    return "" if index_of(now.node) else "select an index, or open the tag first"


def unavailable_new(now: ActionContext) -> str:
    if why := _cannot_write(now):
        return why
    return "" if now.marks else "mark the images of the new list first ({key:mark})"


def unavailable_push(now: ActionContext) -> str:
    if why := _cannot_write(now):
        return why
    node = now.node
    if node is not None and node.source.capabilities.stored_lists is not None and image_of(node) is not None:
        return ""
    if now.drafts:
        return ""
    return "no draft is open, and this is not one of Docker's local lists"


def _no_image(now: ActionContext) -> str:
    image = image_of(now.node)
    if image is None:
        return "select a tag, an index or a platform's image"
    return "" if image.digest else "digest unknown: open the row first"


def _not_in_a_registry(now: ActionContext) -> str:
    """Why what is in one of Docker's local lists is in no registry, as far as that is known without asking."""
    row = image_of(now.node)
    if row is None or row.source.capabilities.stored_lists is None:
        return ""
    if why := _nameless(row):
        return why
    found = comparison_of(row)
    if found is not None and found.pushed is not None and found.pushed.stale and found.pushed.now is None:
        return (
            f"this list was not pushed: the registry has no {safe(str(found.pushed.reference))}. {{key:push}} pushes it"
        )
    return ""


def _nameless(row: Node) -> str:
    """Why nothing can be said of the tag that a local list is for."""
    if row.source.pushed_as(row.repository or "", row.tag or "latest") is None:
        return "target tag unknown from Docker's folder name: {key:push} and {key:recreate} ask"
    return ""


def unavailable_tag(now: ActionContext) -> str:
    return _cannot_write(now) or _cannot_write_here(now) or _no_image(now) or _not_in_a_registry(now)


def unavailable_copy_elsewhere(now: ActionContext) -> str:
    return _cannot_write(now) or _no_image(now)


def unavailable_delete(now: ActionContext) -> str:
    if why := _cannot_write(now) or _cannot_write_here(now):
        return why
    image = image_of(now.node)
    if image is None:
        return "select a tag or a manifest"
    if image.source.capabilities.stored_lists is not None and image.kind is not Kind.TAG:
        return (
            "an entry of a local list: {key:amend}, then {key:draft-remove}, takes it out of the list; {key:delete} on "
            "the list's row removes the list"
        )
    return ""


def unavailable_undo(now: ActionContext) -> str:
    if why := _cannot_write(now) or _cannot_write_here(now):
        return why
    node = now.node
    while node is not None and node.kind is not Kind.TAG:
        node = node.parent
    if node is None:
        here = now.node
        inside = here is not None and bool(here.repository) and here.source.registry is not None
        return "" if inside else "select a tag or its repository"
    if node.source.capabilities.stored_lists is not None and (why := _nameless(node)):
        return why
    return ""


def unavailable_open(now: ActionContext) -> str:
    if now.pane == "detail":
        return "" if now.links else "no link on this page"
    if now.pane == "requests":
        return "" if now.exchange else "no requests made"
    return "" if now.node else "nothing is selected"


def unavailable_toggle(now: ActionContext) -> str:
    if now.node is None:
        return "nothing is selected"
    return "" if now.node.expandable else "no rows below"


def unavailable_selected(now: ActionContext) -> str:
    return "" if now.node else "nothing is selected"


def unavailable_copy_digest(now: ActionContext) -> str:
    if now.pane == "requests":
        return "" if now.exchange else "no requests made"
    if now.node is None:
        return "nothing is selected"
    known = bool(now.node.digest) if now.linked is None else now.linked
    return "" if known else "digest unknown: open the row first"


def unavailable_copy_menu(now: ActionContext) -> str:
    if now.pane == "requests":
        return "" if now.exchange else "no requests made"
    return unavailable_selected(now)


def unavailable_mark(now: ActionContext) -> str:
    if now.node is None:
        return "nothing is selected"
    return "" if image_of(now.node) else "only tags, indexes and images can be marked"


def unavailable_unmark(now: ActionContext) -> str:
    return "" if now.marks else "nothing is marked"


def unavailable_diff(now: ActionContext) -> str:
    if not now.marks:
        return "mark the first image ({key:mark}), then select the second"
    image = image_of(now.node)
    if image is None:
        return "select a second tag, index or platform"
    if all(mark is image for mark in now.marks):
        return "this row is the marked one: select another"
    return ""


def unavailable_filter(now: ActionContext) -> str:
    if now.pane in ("detail", "requests") or now.node is not None:
        return ""
    return "no row is open"


def unavailable_sort(now: ActionContext) -> str:
    return "" if now.listing else "no list of tags in this row"


def unavailable_back(now: ActionContext) -> str:
    return "" if now.places else "no history"


def unavailable_requests(now: ActionContext) -> str:
    return "" if now.traced else "sources on disk make no requests"


def unavailable_rehearse(now: ActionContext) -> str:
    if not now.ready:
        return "no source is open"
    return "" if now.node is not None and now.node.top() else "select a tag or an image"
