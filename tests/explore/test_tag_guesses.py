"""How people name the tags of one platform."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.explore.tag_guesses import Proposal, _around, machine_names, proposals, repository_spellings
from tui.oci.platform import Platform


@pytest.mark.parametrize(
    ("tag", "platform", "source"),
    [
        ("0.16-edge", "linux/amd64", "0.16-edge-amd64"),
        ("1.0", "linux/arm64", "1.0_arm64"),
        ("1.0", "linux/arm/v7", "1.0.arm.v7"),
        ("1.0", "linux/arm/v7", "1.0-armv7"),
        ("1.0", "linux/arm/v6", "1.0-arm32v6"),
        ("1.0", "linux/arm64", "1.0-linux-arm64"),
        ("1.0", "linux/arm64/v8", "1.0-arm64v8"),
        ("1.0", "linux/arm64", "1.0-aarch64"),
        ("1.0", "linux/amd64", "1.0-x86_64"),
        ("1.0", "linux/386", "1.0-i386"),
        ("1.0", "linux/riscv64", "1.0-riscv64"),
        ("1.0", "windows/amd64", "1.0-windows-amd64"),
        ("1.0", "linux/amd64", "amd64-1.0"),
        ("latest", "linux/amd64", "amd64"),
        ("Edge", "linux/amd64", "Edge-AMD64"),
    ],
)
def test_the_usual_spellings(tag: str, platform: str, source: str) -> None:
    others = ["0.16-edge-ppc64le", "other", f"{tag}-debug", "1.0-s390x"]
    found = proposals(tag, Platform.parse(platform), [tag, source, *others], repository="app")
    assert found == [Proposal("app", source)]


def test_only_what_exists_is_proposed() -> None:
    assert proposals("1.0", Platform.parse("linux/amd64"), ["1.0", "1.1-amd64", "1.0-arm64"]) == []


def test_arm_v6_is_not_arm_v7() -> None:
    tags = ["1.0-armv6", "1.0-armv7"]
    assert proposals("1.0", Platform.parse("linux/arm/v7"), tags) == [Proposal("", "1.0-armv7")]
    assert proposals("1.0", Platform.parse("linux/arm/v6"), tags) == [Proposal("", "1.0-armv6")]


def test_repositories_beside_it() -> None:
    seen = ["dockerfun", "dockerfun/amd64", "dockerfun-arm64", "amd64/dockerfun", "other"]
    found = proposals("6b97", Platform.parse("linux/amd64"), [], seen, repository="dockerfun")
    assert found == [
        Proposal("dockerfun/amd64", "6b97", exact=False),
        Proposal("amd64/dockerfun", "6b97", exact=False),
    ]


def test_unknown_platforms_have_no_spelling() -> None:
    unknown = Platform("unknown", "unknown")
    assert proposals("1.0", unknown, ["1.0-unknown"]) == []
    assert list(repository_spellings("app", unknown)) == []


names = st.sampled_from(["amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "mips64le", "sparc"])


@given(st.text(min_size=1, max_size=20), names, st.sampled_from([None, "v5", "v6", "v7", "v8", "v9"]), st.data())
def test_every_proposal_is_a_tag_that_exists(tag: str, arch: str, variant: str | None, data: st.DataObject) -> None:
    platform = Platform("linux", arch, variant)
    made = [f"{tag}-{name}" for name in machine_names(platform)]
    tags = data.draw(st.lists(st.sampled_from([*made, tag, "other"]), unique=True))
    found = proposals(tag, platform, tags, repository="app")
    assert {proposal.tag for proposal in found} <= set(tags) - {tag}
    assert len(found) == len(set(found))


def test_a_platform_longer_than_any_tag_is_spelled_in_no_tag() -> None:
    long = Platform("linux", "a" * 200_000)
    assert proposals("1.0", long, ("1.0", f"1.0-{long.architecture}")) == []
    assert _around.cache_info().maxsize is not None
