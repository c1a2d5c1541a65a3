"""Long lists: data first, some rows, filters, orders, pages, failures."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.explore.listing import BY_WHAT_IS_KNOWN, ORDERS, Listing, is_digest_tag, matcher, name_key, select, version_key
from tui.explore.node import Kind, Load
from tui.registry.page import Page
from tui.sources.base import SourceError
from tui.sources.presence import Presence

NO_PAGES: tuple[Page, ...] = ()


def many(count: int) -> FakeSource:
    source = FakeSource()
    image = source.put("app", images.image(), "latest")
    for number in range(count):
        source.repos["app"].tags[f"1.{number}"] = image.digest
    return source


async def test_thousands_of_tags_are_a_thousand_rows_and_one_that_says_more() -> None:
    source = many(2500)
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    assert len(repository.children) == 1001
    assert repository.children[-1].kind is Kind.MORE
    assert repository.children[-1].label == "1,501 more"
    assert explorer.rollup(repository).label == "2,501 tags"
    await explorer.load_more(repository.children[-1])
    assert len(repository.children) == 2001
    assert sum(how == "tags" for how, _, _ in source.order) == 3
    assert {how for how, _, _ in source.order} == {"tags"}


async def test_the_names_of_a_list_are_kept_once_not_copied_for_each_page() -> None:
    source = many(50)
    source.page_size = 10
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    assert repository.listing is not None
    assert explorer.observations.tag_names(source, "app") is repository.listing.names
    assert len(repository.listing.names) == 51


async def test_the_filter_works_on_all_names_and_keeps_opened_rows() -> None:
    source = many(2500)
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    explorer.set_filter(repository, "1.24")
    shown = [child.label for child in repository.children]
    assert shown[:2] == ["1.24", "1.240"]
    assert len(shown) == 111
    row = repository.children[0]
    await explorer.open(row)
    explorer.set_filter(repository, "1.2")
    assert row in repository.children
    assert row.load is Load.READY
    explorer.set_filter(repository, "")
    assert len(repository.children) == 1001
    assert repository.listing is not None
    assert repository.listing.matching == 2501


async def test_a_row_far_down_stays_when_the_filter_that_led_to_it_is_cleared() -> None:
    explorer = Explorer()
    repository = explorer.add_repository(many(2500), "app")
    await explorer.open(repository)
    explorer.set_filter(repository, "1.2400")
    (row,) = repository.children
    explorer.set_filter(repository, "", row)
    assert repository.children[-2] is row and repository.children[-1].label == "1,500 more"
    assert len(repository.children) == 1002
    explorer.set_filter(repository, "1.1", row)
    assert row not in repository.children, "it does not match"
    explorer.set_filter(repository, "", repository)
    assert len(repository.children) == 1001
    explorer.set_filter(repository, "", row)
    assert any(child.key == row.key for child in repository.children), "asked for where nothing is filtered"
    await explorer.load_more(repository.children[-1])
    await explorer.load_more(repository.children[-1])
    assert len(repository.children) == 2501 and sum(child.key == row.key for child in repository.children) == 1


async def test_orders() -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1.10", "1.9", "1.9-rc1", "latest", "1.9.1")
    assert image.digest
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)

    def shown() -> list[str]:
        return [child.label for child in repository.children]

    assert shown() == ["1.9-rc1", "1.9", "1.9.1", "1.10", "latest"]
    explorer.set_order(repository, "newest")
    assert shown() == ["latest", "1.10", "1.9.1", "1.9", "1.9-rc1"]
    explorer.set_order(repository, "name")
    assert shown() == ["1.10", "1.9", "1.9-rc1", "1.9.1", "latest"]
    explorer.set_order(repository, "server")
    assert shown() == ["1.10", "1.9", "1.9-rc1", "latest", "1.9.1"]


async def test_digest_tags_are_folded_and_open_without_a_request() -> None:
    source = FakeSource()
    image = source.put("app", images.image(), "1")
    for ending in ("", ".sig", ".att"):
        source.repos["app"].tags[f"sha256-{'a' * 64}{ending}"] = image.digest
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    assert [child.kind for child in repository.children] == [Kind.TAG, Kind.GROUP]
    group = repository.children[1]
    assert group.label == "3 digest tags"
    before = source.requests
    await explorer.open(group)
    assert len(group.children) == 3
    assert source.requests == before


async def test_a_page_that_fails_keeps_what_came_and_says_so() -> None:
    class Failing(FakeSource):
        async def tags(self, repository: str) -> AsyncIterator[Page]:
            yield Page(("1", "2"), False)
            yield Page((), False, "incomplete: page 2 failed (500)")

    source = Failing()
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    assert [(row.kind, row.label) for row in repository.children] == [
        (Kind.TAG, "1"),
        (Kind.TAG, "2"),
        (Kind.FAULT, "incomplete: page 2 failed (500)"),
    ]
    assert explorer.rollup(repository).label == "2+ tags"


async def test_a_repository_that_is_denied_says_so() -> None:
    class Denied(FakeSource):
        async def tags(self, repository: str) -> AsyncIterator[Page]:
            for page in NO_PAGES:
                yield page
            raise SourceError(Presence.DENIED, "You may not.", status=401)

    source = Denied()
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    assert repository.load is Load.FAILED
    assert repository.children[0].label == "You may not."


async def test_a_refused_catalog_keeps_the_repositories_that_were_named() -> None:
    class NoCatalog(FakeSource):
        async def repositories(self) -> AsyncIterator[Page]:
            for page in NO_PAGES:
                yield page
            raise SourceError(Presence.DENIED, "This registry does not list its repositories.", status=401)

    source = NoCatalog()
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(explorer.roots[0])
    assert explorer.roots[0].children[0] is repository
    assert explorer.roots[0].children[1].label == "This registry does not list its repositories."


async def test_names_that_are_no_tags_are_shown_and_never_asked_for() -> None:
    source = FakeSource()
    source.put("app", images.image(), "ok")
    for name in ("../evil", "a b", "\x1b[31mred", "", "-x"):
        source.repos["app"].tags[name] = next(iter(source.repos["app"].manifests))
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    explorer.focus(repository.children)
    await explorer.check(repository).wait()
    assert {row.label for row in repository.children if row.kind is Kind.FAULT} == {
        "../evil",
        "a b",
        "\\x1b[31mred",
        "-x",
    }
    assert {what for how, _, what in source.order if how in ("resolve", "manifest")} == {"ok"}


async def test_visible_tags_are_asked_what_they_point_to_and_no_others() -> None:
    source = many(50)
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    explorer.focus(repository.children[:3])
    await explorer.check(repository.children[10]).wait()
    asked = {what for how, _, what in source.order if how == "resolve"}
    assert asked == {row.tag for row in repository.children[:3]}
    assert [row.note for row in repository.children[:3]] == ["image"] * 3
    assert {explorer.observation(row).presence for row in repository.children[:3]} == {Presence.PRESENT}


async def test_tags_that_scrolled_away_are_not_asked_for() -> None:
    source = many(50)
    source.hold()
    explorer = Explorer(Inspector(slots=2))
    repository = explorer.add_repository(source, "app")
    source.release()
    await explorer.open(repository)
    source.hold()
    explorer.focus(repository.children[:20])
    explorer.focus(repository.children[30:32])
    source.release()
    for row in repository.children[30:32]:
        await explorer.open(row)
    assert len([1 for how, _, _ in source.order if how == "resolve"]) <= 4


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("edge", ["0.16-edge", "0.16-edge-amd64", "EDGE"]),
        ("edge amd", ["0.16-edge-amd64"]),
        ("0.*-edge", ["0.16-edge"]),
        ("?DGE", ["EDGE"]),
        ("~0em", ["0.16-edge-amd64"]),
        ("016amd64", ["0.16-edge-amd64"]),
        ("nothing*", []),
        ("  ", ["0.16-edge", "0.16-edge-amd64", "EDGE", "1.0"]),
    ],
)
def test_patterns(pattern: str, found: list[str]) -> None:
    assert select(["0.16-edge", "0.16-edge-amd64", "EDGE", "1.0"], pattern) == found


@given(st.text(max_size=40), st.text(max_size=60))
def test_no_pattern_breaks_the_filter(pattern: str, name: str) -> None:
    assert matcher(pattern)(name) in (True, False)


def test_a_pattern_of_stars_is_fast() -> None:
    assert select(["a" * 5000], "*a" * 40 + "b") == []


@given(st.lists(st.text(max_size=20), max_size=20))
def test_version_order_is_total(names: list[str]) -> None:
    ordered = sorted(names, key=version_key)
    assert sorted(ordered, key=version_key) == ordered
    assert sorted(ordered, key=name_key) == sorted(names, key=name_key)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("1.9", "1.10"),
        ("1.0-rc1", "1.0"),
        ("1.0-alpha", "1.0-beta"),
        ("1.0", "1.0.1"),
        ("1.0", "1.0-alpine"),
        ("v2", "v10"),
        ("2024-01-09", "2024-01-10"),
        ("9" * 5000, "1" + "0" * 5000),
    ],
)
def test_versions(less: str, more: str) -> None:
    assert version_key(less) < version_key(more)


TAGS = st.one_of(st.text(max_size=6), st.sampled_from(["sha256-" + "0" * 64, "sha256-" + "1" * 64 + ".sig"]))


@given(st.lists(st.lists(TAGS, max_size=8), max_size=6), st.sampled_from(ORDERS), st.integers(1, 5))
def test_pages_added_one_by_one_give_the_same_view(pages: list[list[str]], order: str, limit: int) -> None:
    whole, stepwise = Listing(order=order, limit=limit), Listing(order=order, limit=limit)
    for page in pages:
        stepwise.add(page)
        stepwise.view()
    whole.add([name for page in pages for name in page])
    assert stepwise.view() == whole.view()
    assert stepwise.ordered() == whole.ordered()
    key = {"version": version_key, "newest": version_key, "name": name_key}.get(order)
    plain = [name for name in whole.ordered() if not is_digest_tag(name)]
    if key is not None:
        assert plain == sorted(plain, key=lambda name: (key(name), name), reverse=order == "newest")
    assert whole.view().names == plain[:limit]


@pytest.mark.parametrize("order", ORDERS)
def test_a_long_list_is_in_order_however_its_pages_came(order: str) -> None:
    names = [f"v{number // 1000}.{number % 1000}" for number in range(12_000)]
    stepwise = Listing(order=order)
    for at in range(0, len(names), 1000):
        stepwise.add(names[at : at + 1000][::-1])
        first = stepwise.view().names
    in_order = {"name": sorted(names, key=name_key), "newest": names[::-1]}
    in_order |= dict.fromkeys(("version", *BY_WHAT_IS_KNOWN), names)
    expected = in_order.get(order, [name for at in range(0, 12_000, 1000) for name in names[at : at + 1000][::-1]])
    assert first == expected[:1000]
    assert stepwise.ordered() == expected


def calls_of(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called meanwhile."""
    count = 0

    def counted(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


async def test_the_next_page_of_a_long_list_costs_no_more_than_that_of_a_short_one() -> None:
    """Work between two pages holds up whoever types meanwhile; it must not grow with what was read before."""
    explorer = Explorer()
    repository = explorer.add_repository(many(1), "app")
    await explorer.open(repository)
    assert repository.listing is not None
    costs = []
    for at in range(0, 60_000, 1_000):
        page = [f"v{number:06}" for number in range(at, at + 1_000)]

        def come(page: list[str] = page) -> None:
            assert repository.listing is not None
            repository.listing.add(page)
            explorer._lists.show(repository)

        costs.append(calls_of(come))
    assert max(costs[-10:]) < 1.5 * costs[5]


def test_digest_tags_are_known_by_their_shape() -> None:
    assert is_digest_tag("sha256-" + "0" * 64)
    assert is_digest_tag("sha256-" + "0" * 64 + ".sig")
    assert not is_digest_tag("sha256-" + "0" * 63)
    assert not is_digest_tag("sha256-abc")
