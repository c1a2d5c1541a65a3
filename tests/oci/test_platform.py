from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.errors import MalformedDocument, MalformedPlatform, OciError
from tui.oci.platform import Platform


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
