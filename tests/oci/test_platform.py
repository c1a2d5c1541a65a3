from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.errors import MalformedDocument, MalformedPlatform, OciError
from tui.oci.platform import Platform, choose, choose_exactly, fallbacks


@pytest.mark.parametrize(
    ("text", "platform", "shown"),
    [
        ("linux/amd64", Platform("linux", "amd64"), "linux/amd64"),
        ("linux/arm64/v8", Platform("linux", "arm64", "v8"), "linux/arm64/v8"),
        ("Linux/ARM64", Platform("linux", "arm64"), "linux/arm64"),
        ("arm64", Platform("linux", "arm64"), "linux/arm64"),
        ("unknown/unknown", Platform("unknown", "unknown"), "unknown/unknown"),
        (
            "windows/amd64 10.0.17763.1",
            Platform("windows", "amd64", None, "10.0.17763.1"),
            "windows/amd64 10.0.17763.1",
        ),
        (
            "windows(10.0.17763.1)/amd64",
            Platform("windows", "amd64", None, "10.0.17763.1"),
            "windows/amd64 10.0.17763.1",
        ),
        (
            "windows(10.0.17763+win32k)/amd64",
            Platform("windows", "amd64", None, "10.0.17763", ("win32k",)),
            "windows/amd64 10.0.17763+win32k",
        ),
        ("linux(+a+b)/arm", Platform("linux", "arm", None, None, ("a", "b")), "linux/arm +a+b"),
    ],
)
def test_parsing(text: str, platform: Platform, shown: str) -> None:
    assert Platform.parse(text) == platform
    assert str(platform) == shown
    assert Platform.parse(shown) == platform


@pytest.mark.parametrize(
    "text", ["", "linux", "linux/", "/amd64", "linux/a/b/c", "linux/amd64\n", "a b/c", "linux/\x1b"]
)
def test_what_is_no_platform(text: str) -> None:
    with pytest.raises(MalformedPlatform, match="os/architecture") as caught:
        Platform.parse(text)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/i386", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
        ("Linux/AMD64", "linux/amd64"),
    ],
)
def test_the_same_machine_in_other_words(one: str, other: str) -> None:
    assert Platform.parse(one).same_as(Platform.parse(other))
    assert Platform.parse(other).same_as(Platform.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("linux/arm/v6", "linux/arm/v7"),
        ("linux/amd64/v3", "linux/amd64"),
        ("linux/arm64/v9", "linux/arm64"),
        ("linux/amd64", "windows/amd64"),
        ("windows/amd64 10.0.17763.1", "windows/amd64 10.0.20348.1"),
    ],
)
def test_other_machines(one: str, other: str) -> None:
    assert not Platform.parse(one).same_as(Platform.parse(other))


def test_a_version_that_was_not_asked_for_does_not_matter() -> None:
    windows = Platform.parse("windows/amd64 10.0.17763.1")
    assert windows.matches(Platform.parse("windows/amd64"))
    assert windows.matches(windows)
    assert not windows.matches(Platform.parse("windows/amd64 10.0.20348.1"))
    assert not Platform.parse("windows/amd64").matches(windows)


def test_documents_round_trip_with_unknown_fields() -> None:
    document = {
        "architecture": "amd64",
        "os": "windows",
        "os.version": "10.0.17763.1",
        "os.features": ["win32k"],
        "variant": "v2",
        "features": ["sse4"],
    }
    platform = Platform.from_document(document)
    assert platform.to_document() == document
    assert platform.os_features == ("win32k",)
    assert hash(platform) == hash(Platform.from_document(document))


def test_missing_parts_are_unknown() -> None:
    assert Platform.from_document({}).is_unknown
    assert str(Platform.from_document({})) == "unknown/unknown"
    assert Platform.parse("unknown/unknown").is_unknown
    assert not Platform.parse("linux/unknown").is_unknown


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "platform"),
        ({"os": 1}, "platform.os"),
        ({"architecture": []}, "platform.architecture"),
        ({"os.version": True}, "platform.os.version"),
        ({"os.features": "x"}, "platform.os.features"),
        ({"os.features": [1]}, "platform.os.features"),
    ],
)
def test_documents_of_the_wrong_types_name_the_field(document: Any, field: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        Platform.from_document(document)
    assert caught.value.field == field


def test_hostile_parts_are_shown_safely() -> None:
    assert "\x1b" not in str(Platform("linux", "\x1b]0;x\x07", "\u202e", "\x9b"))


@given(st.text())
def test_parse_raises_nothing_else_and_normalising_twice_changes_nothing(text: str) -> None:
    with contextlib.suppress(OciError):
        platform = Platform.parse(text)
        assert Platform.parse(str(platform)) == platform
        assert platform.normalised() == platform.normalised().normalised()
        assert platform.same_as(platform.normalised())


@pytest.mark.parametrize(
    ("wanted", "offers", "taken"),
    [
        ("linux/arm/v7", ["linux/amd64", "linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
        ("linux/arm/v7", ["linux/arm/v8"], None),
        ("linux/arm", ["linux/arm/v6"], "linux/arm/v6"),
        ("linux/amd64/v3", ["linux/amd64", "linux/amd64/v2"], "linux/amd64/v2"),
        ("linux/amd64/v3", ["linux/386", "linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/amd64/v2"], None),
        ("linux/amd64", ["linux/arm64", "linux/386"], "linux/386"),
        ("linux/arm64/v9", ["linux/arm64"], "linux/arm64"),
        ("linux/arm64/v9", ["linux/arm64", "linux/arm64/v8.5"], "linux/arm64/v8.5"),
        ("linux/arm64/v9.2", ["linux/arm64", "linux/arm64/v9", "linux/arm64/v9.1"], "linux/arm64/v9.1"),
        ("linux/arm64", ["linux/arm64/v8.1"], None),
        ("linux/arm64", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("linux/arm64", ["linux/arm64/v8", "linux/arm64"], "linux/arm64/v8"),
        ("linux/s390x", ["linux/amd64"], None),
        ("windows(10.0.17763)/amd64", ["windows/amd64 10.0.20348.1", "windows/amd64 10.0.17763.1879"],
         "windows/amd64 10.0.17763.1879"),
        ("windows(10.0.17763.99)/amd64", ["windows/amd64 10.0.17763.1", "windows/amd64 10.0.17763.9"],
         "windows/amd64 10.0.17763.9"),
        ("windows(10.0.22621)/amd64", ["windows/amd64 10.0.17763.1", "windows/amd64 10.0.20348.5"],
         "windows/amd64 10.0.20348.5"),
        ("windows(10.0.14393)/amd64", ["windows/amd64 10.0.17763.1"], None),
        ("windows/amd64", ["windows/amd64 10.0.17763.1"], "windows/amd64 10.0.17763.1"),
        ("windows(10.0.17763)/amd64", ["windows/amd64"], "windows/amd64"),
        ("windows(10.0.17763)/amd64", ["windows/amd64 10.0.17763.1+win32k"], "windows/amd64 10.0.17763.1+win32k"),
        ("windows(10.0.17763)/amd64", ["windows/amd64 10.0.17763.1+a"], None),
        ("windows(10.0.17763+a)/amd64", ["windows/amd64 10.0.17763.1+a"], "windows/amd64 10.0.17763.1+a"),
    ],
)  # fmt: skip
def test_containerd_takes_the_nearest_platform(wanted: str, offers: list[str], taken: str | None) -> None:
    place = choose(Platform.parse(wanted), [Platform.parse(offer) for offer in offers])
    assert (None if place is None else offers[place]) == taken


def test_containerd_takes_an_entry_without_a_system_for_its_own() -> None:
    arm64, nowhere = Platform.parse("linux/arm64"), Platform("", "arm64")
    assert choose(arm64, [Platform.parse("linux/amd64"), nowhere]) == 1
    assert choose(Platform.parse("linux/amd64"), [nowhere]) is None
    assert choose_exactly(arm64, [nowhere]) is None


def recorded_choices() -> list[tuple[str, list[str], str]]:
    """What containerd's own library took: wanted, offers, and the place of the one that was taken."""
    lines = (Path(__file__).parent / "containerd_takes.txt").read_text(encoding="utf-8").splitlines()
    cases = [line.split(" | ") for line in lines if not line.startswith("#")]
    return [(wanted, offers.split(", "), place) for wanted, offers, place in cases]


def test_each_choice_is_the_one_that_containerds_library_made() -> None:
    cases = recorded_choices()
    assert len(cases) > 300
    for wanted, offers, place in cases:
        offered = [None if text == "none" else Platform.parse(text) for text in offers]
        taken = choose(Platform.parse(wanted), offered)
        assert ("none" if taken is None else str(taken)) == place, (wanted, offers)


def test_an_entry_without_a_platform_is_taken_last() -> None:
    amd64, arm64 = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
    assert choose(amd64, [None, amd64]) == 1
    assert choose(amd64, [arm64, None, None]) == 1
    assert choose_exactly(amd64, [None, amd64]) == 1
    assert choose_exactly(amd64, [arm64, None, None]) == 1


@pytest.mark.parametrize(
    ("wanted", "offers", "taken"),
    [
        ("linux/arm/v7", ["linux/arm/v6"], "linux/arm/v6"),
        ("linux/arm/v7", ["linux/arm"], "linux/arm"),
        ("linux/arm", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("linux/amd64/v3", ["linux/amd64/v2"], None),
        ("linux/amd64/v3", ["linux/amd64"], "linux/amd64"),
        ("linux/amd64", ["linux/386"], None),
        ("linux/arm64", ["linux/arm64/v8"], "linux/arm64/v8"),
        ("linux/arm64/v9", ["linux/arm64/v8"], None),
        ("linux/arm64", ["linux/arm/v7"], None),
        ("windows(10.0.17763)/amd64", ["windows/amd64 10.0.20348.1", "windows/amd64 10.0.17763.1879"],
         "windows/amd64 10.0.20348.1"),
    ],
)  # fmt: skip
def test_skopeo_takes_no_other_architecture(wanted: str, offers: list[str], taken: str | None) -> None:
    place = choose_exactly(Platform.parse(wanted), [Platform.parse(offer) for offer in offers])
    assert (None if place is None else offers[place]) == taken


SOME = st.builds(
    Platform,
    st.sampled_from(["linux", "windows", "macos", ""]),
    st.sampled_from(["amd64", "x86_64", "386", "arm", "arm64", "armhf", "s390x", ""]),
    st.sampled_from([None, "v1", "v2", "v5", "v6", "v7", "v8", "v8.3", "v9", "v9.1", "v99", "8", "x"]),
    st.sampled_from([None, "10.0.17763", "10.0.17763.1879", "10.0.20348.1", "10.0.26100.1", "x"]),
    st.sampled_from([(), ("win32k",), ("a", "win32k")]),
)


@given(SOME, st.lists(st.none() | SOME, max_size=6))
def test_what_is_taken_is_among_the_fallbacks_and_nothing_nearer_is_there(
    wanted: Platform, offers: list[Platform | None]
) -> None:
    place = choose(wanted, offers)
    order = [(each.os, each.architecture, each.variant) for each in fallbacks(wanted)]
    assert len(set(order)) == len(order) < 110
    assert order[0] == (wanted.normalised().os, wanted.normalised().architecture, wanted.normalised().variant)
    if place is None:
        assert None not in offers
        assert not any(wanted.normalised() == offer.normalised() for offer in offers if offer is not None)
        return
    taken = offers[place]
    if taken is None:
        assert offers.index(None) == place
        return
    plain = taken.normalised()
    system = plain.os or order[0][0]  # who names none is for the host's own
    rank = order.index((system, plain.architecture, plain.variant))
    exact = [offer for offer in offers if offer is not None and offer.normalised() == wanted.normalised()]
    assert rank == 0 or not exact
    assert choose(wanted, [taken]) == 0


@given(SOME, st.lists(SOME, min_size=1, max_size=5), SOME)
def test_more_entries_never_take_away_what_fits(wanted: Platform, offers: list[Platform], more: Platform) -> None:
    if choose(wanted, offers) is not None:
        assert choose(wanted, [*offers, more]) is not None
        assert choose(wanted, [more, *offers]) is not None


def test_what_is_normal_already_is_not_made_again() -> None:
    plain = Platform("linux", "amd64", extra={"features": ["x"]})
    assert plain.normalised() is plain
    odd = Platform("linux", "aarch64", "v8", os_features=("b", "a", "a"), extra={"features": ["x"]}).normalised()
    assert (odd.architecture, odd.variant, odd.os_features) == ("arm64", None, ("a", "b"))
    assert odd.extra == {"features": ["x"]}
