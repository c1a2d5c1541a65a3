"""The nine words, and how they add up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support import images
from tui.oci import media
from tui.oci.digest import Digest
from tui.sources.presence import CHECKING, UNCHECKED, Observation, Presence, compare, worst

presences = st.sampled_from(list(Presence))


def test_the_words_are_those_of_the_design() -> None:
    assert [presence.value for presence in Presence] == [
        "unchecked",
        "checking",
        "present",
        "hashed",
        "missing",
        "denied",
        "limited",
        "unreachable",
        "foreign",
        "mismatched",
    ]


def test_the_order_of_the_worst() -> None:
    order = ["missing", "mismatched", "denied", "limited", "unreachable", "checking", "unchecked", "foreign"]
    order += ["present", "hashed"]
    for better, presence in enumerate(order):
        assert worst(Presence(word) for word in order[better:]) == presence
    assert worst([]) is Presence.PRESENT


@given(st.lists(presences, min_size=1), presences)
def test_one_more_never_makes_the_sum_better(some: list[Presence], more: Presence) -> None:
    before, after = worst(some), worst([*some, more])
    assert worst([before, after]) is after


@given(st.lists(presences, min_size=1))
def test_a_sum_is_present_only_when_all_are(some: list[Presence]) -> None:
    assert worst(some).is_there == all(each.is_there for each in some)
    assert (worst(some) is Presence.HASHED) == (set(some) == {Presence.HASHED})


def test_settled_and_undetermined_are_the_two_halves() -> None:
    assert {p for p in Presence if p.settled} == {
        Presence.PRESENT,
        Presence.HASHED,
        Presence.MISSING,
        Presence.FOREIGN,
        Presence.MISMATCHED,
    }
    assert all(p.settled != p.undetermined for p in Presence)


def test_a_descriptor_is_compared_with_what_is_there() -> None:
    image = images.image()
    descriptor = image.descriptor
    good = Observation(Presence.PRESENT, size=descriptor.size, media_type=media.OCI_MANIFEST, digest=image.digest)
    assert compare(descriptor, good) is good
    other_size = compare(descriptor, Observation(Presence.PRESENT, size=descriptor.size + 1))
    assert other_size.presence is Presence.MISMATCHED
    assert other_size.detail == f"size {descriptor.size + 1} bytes, the descriptor says {descriptor.size} bytes"
    other_type = compare(descriptor, Observation(Presence.PRESENT, media_type=media.DOCKER_MANIFEST))
    assert other_type.presence is Presence.MISMATCHED
    vague = Observation(Presence.PRESENT, media_type="application/octet-stream")
    assert compare(descriptor, vague) is vague
    other = Observation(Presence.PRESENT, digest=Digest.of(b"other"))
    assert compare(descriptor, other).presence is Presence.MISMATCHED
    sha512 = Observation(Presence.PRESENT, digest=Digest.of(image.raw, "sha512"))
    assert compare(descriptor, sha512).presence is Presence.PRESENT


def test_the_same_observation_is_judged_by_each_descriptor_for_itself() -> None:
    image = images.image()
    seen = Observation(Presence.MISMATCHED, detail="size 1 bytes …", size=image.descriptor.size)
    assert compare(image.descriptor, seen).presence is Presence.PRESENT


def test_what_is_not_there_is_not_compared() -> None:
    descriptor = images.image().descriptor
    for seen in (UNCHECKED, CHECKING, Observation(Presence.DENIED, size=1), Observation(Presence.MISSING, size=1)):
        assert compare(descriptor, seen) is seen
