"""WWW-Authenticate: what registries send, and anything else without a crash (docs/protocol-notes.md, B-01, B-02)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.registry.challenge import MAX_CHALLENGES, choose, parse_challenges

REALM = "https://auth.example.com/token"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f'Bearer realm="{REALM}",service="s"'], [("bearer", {"realm": REALM, "service": "s"})]),
        ([f'bearer Realm="{REALM}" , SERVICE = s'], [("bearer", {"realm": REALM, "service": "s"})]),
        (
            [f'Bearer realm="{REALM}",scope="repository:a/b:pull,push"'],
            [("bearer", {"realm": REALM, "scope": "repository:a/b:pull,push"})],
        ),
        (['Bearer realm="a\\"b\\\\c"'], [("bearer", {"realm": 'a"b\\c'})]),
        (['Basic realm="x", Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (['Basic realm="x"', 'Bearer realm="y"'], [("basic", {"realm": "x"}), ("bearer", {"realm": "y"})]),
        (["Negotiate"], [("negotiate", {})]),
        (["Negotiate, Basic realm=x"], [("negotiate", {}), ("basic", {"realm": "x"})]),
        (["Negotiate YII==, Basic realm=x"], [("negotiate", {}), ("basic", {"realm": "x"})]),
        (["Basic"], [("basic", {})]),
        (["Bearer realm=https://a.b/c?d=e,service=f"], [("bearer", {"realm": "https://a.b/c?d=e", "service": "f"})]),
        (['Bearer realm="x" service="y"'], [("bearer", {"realm": "x", "service": "y"})]),
        (['Bearer realm="x",realm="evil"'], [("bearer", {"realm": "x"})]),
        (['Bearer realm="x",,, service="y",'], [("bearer", {"realm": "x", "service": "y"})]),
        (['Bearer realm="never closed'], [("bearer", {"realm": "never closed"})]),
        (['Bearer realm="x",error="insufficient_scope",future=1'], None),
        ([""], []),
        ([",,,"], []),
        (['=;"'], []),
    ],
)
def test_shapes(lines: list[str], expected: list[tuple[str, dict[str, str]]] | None) -> None:
    found = [(challenge.scheme, dict(challenge.parameters)) for challenge in parse_challenges(lines)]
    if expected is None:
        expected = [("bearer", {"realm": "x", "error": "insufficient_scope", "future": "1"})]
    assert found == expected


def test_token68_is_kept_apart() -> None:
    (challenge,) = parse_challenges(["Negotiate abc+/=="])
    assert challenge.token68 == "abc+/==" and not challenge.parameters


@pytest.mark.parametrize("lines", [['Basic realm="x"', 'Bearer realm="y"'], ['Bearer realm="y", Basic realm="x"']])
def test_bearer_before_basic(lines: list[str]) -> None:
    chosen = choose(parse_challenges(lines))
    assert chosen is not None and chosen.scheme == "bearer"


def test_bearer_without_realm_is_no_choice() -> None:
    assert choose(parse_challenges(["Bearer service=x"])) is None
    chosen = choose(parse_challenges(["Bearer service=x", "Basic realm=y"]))
    assert chosen is not None and chosen.scheme == "basic"


def test_other_schemes_are_no_choice() -> None:
    assert choose(parse_challenges(["Negotiate", "NTLM abc", 'Digest realm="x", nonce="y"'])) is None


@given(st.lists(st.text(max_size=300), max_size=5))
def test_never_raises_and_stays_bounded(lines: list[str]) -> None:
    found = parse_challenges(lines)
    assert len(found) <= MAX_CHALLENGES
    for challenge in found:
        assert challenge.scheme == challenge.scheme.lower()
        assert sum(map(len, challenge.parameters.values())) <= sum(map(len, lines))


_token = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-._", min_size=1, max_size=8)


@given(
    _token,
    st.dictionaries(
        _token.map(str.lower),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        min_size=1,
        max_size=32,
    ),
)
def test_round_trip(scheme: str, parameters: dict[str, str]) -> None:
    escaped = ", ".join('{}="{}"'.format(k, v.replace("\\", "\\\\").replace('"', '\\"')) for k, v in parameters.items())
    (challenge,) = parse_challenges([f"{scheme} {escaped}"])
    assert challenge.scheme == scheme.lower() and dict(challenge.parameters) == parameters


@given(st.integers(1, 2_000))
def test_a_flood_is_cut(count: int) -> None:
    assert len(parse_challenges(["Basic realm=x, " * count])) <= MAX_CHALLENGES
