"""Canonical token scopes (docs/protocol-notes.md, B-11, B-13)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.registry.endpoints import canonical_scopes, limited_scopes, repository_scope

_name = st.text("abc/:.", min_size=1, max_size=8)
_action = st.sampled_from(["pull", "push", "delete", "*"])
_scope = st.builds(lambda name, actions: f"repository:{name}:{','.join(actions)}", _name, st.lists(_action, min_size=1))


def test_actions_of_one_repository_are_merged() -> None:
    assert canonical_scopes(["repository:a:push,pull", "repository:a:pull"]) == ("repository:a:pull,push",)


def test_star_swallows_the_rest() -> None:
    assert canonical_scopes(["registry:catalog:*", "registry:catalog:x"]) == ("registry:catalog:*",)


def test_a_name_may_hold_a_port() -> None:
    assert canonical_scopes(["repository:host:5000/a:pull,pull"]) == ("repository:host:5000/a:pull",)


def test_the_first_stays_first() -> None:
    scopes = [repository_scope("target", "pull", "push"), repository_scope("source", "pull")]
    assert canonical_scopes(scopes) == tuple(scopes)


def test_what_is_no_scope_is_kept() -> None:
    assert canonical_scopes(["aws", "repository:a:pull", ""]) == ("aws", "repository:a:pull")


def test_a_read_never_asks_for_push() -> None:
    assert limited_scopes(["repository:a:pull,push"], ["repository:a:pull"]) == ("repository:a:pull",)
    assert limited_scopes(["repository:b:push"], ["repository:a:pull"]) == ("repository:a:pull",)
    assert limited_scopes(["repository:x/a:pull"], ["repository:a:pull"]) == (
        "repository:a:pull",
        "repository:x/a:pull",
    )


@given(st.lists(_scope, max_size=8))
def test_idempotent(scopes: list[str]) -> None:
    once = canonical_scopes(scopes)
    assert canonical_scopes(once) == once


@given(st.lists(_scope, max_size=6))
def test_nothing_is_lost_and_nothing_added(scopes: list[str]) -> None:
    def rights(listed: object) -> set[tuple[str, str]]:
        out = set()
        for scope in listed:  # type: ignore[attr-defined]
            name, _, actions = scope.rpartition(":")
            out |= {(name, action) for action in actions.split(",")}
        return out

    before, after = rights(scopes), rights(canonical_scopes(scopes))
    starred = {name for name, action in before if action == "*"}
    assert after == {pair for pair in before if pair[0] not in starred} | {(name, "*") for name in starred}
