"""Token scopes (`repository:<name>:<actions>`) in one canonical form.

Distribution's token scope grammar. Two entries for one repository made a token server drop the push right, and the
name may hold colons of its own (a port), so an entry is split from both ends.
"""

from __future__ import annotations

from collections.abc import Iterable

CATALOG = "registry:catalog:*"


def repository(name: str, *actions: str) -> str:
    return f"repository:{name}:{','.join(sorted(actions))}"


def canonical(scopes: Iterable[str]) -> tuple[str, ...]:
    """Merged by resource, actions sorted and without repeats, `*` swallowing the rest; in order of first mention.

    The order is kept because some token servers honour only the first scope: the caller puts first what matters.
    Entries that are not `type:name:actions` are kept as they are.
    """
    merged: dict[str, set[str] | None] = {}
    for scope in scopes:
        split = _split(scope)
        if split is None:
            if scope:
                merged.setdefault(scope, None)
            continue
        resource, actions = split
        known = merged.setdefault(resource, set())
        if known is not None:
            known.update(actions)
    out = []
    for resource, actions_of in merged.items():
        if actions_of is None:
            out.append(resource)
        elif actions_of:
            out.append(f"{resource}:{'*' if '*' in actions_of else ','.join(sorted(actions_of))}")
    return tuple(out)


def limited(demanded: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """What to ask for when the registry demands scopes: ours, and of the demanded ones those about other resources.

    A registry that demands `push` for a read does not get it asked: browsing asks for `pull` only.
    """
    ours = canonical(wanted)
    resources = {split[0] for scope in ours if (split := _split(scope)) is not None}
    foreign = [
        scope
        for scope in canonical(demanded)
        if (split := _split(scope)) is None or (split[0] not in resources and not (resources and _writes(split[1])))
    ]
    return canonical((*ours, *foreign))


def _writes(actions: Iterable[str]) -> bool:
    return any(action in ("push", "delete") for action in actions)


def _split(scope: str) -> tuple[str, list[str]] | None:
    kind, colon, rest = scope.partition(":")
    name, last, actions = rest.rpartition(":")
    if not (colon and last and kind and name):
        return None
    return f"{kind}:{name}", [action for action in actions.split(",") if action]
