"""The screens are put together from plain classes: no chains of inheritance, one place for each action."""

from __future__ import annotations

import importlib
import inspect
import re

from tests.support.structure import TUI, name_of
from tui.app.keys import ACTIONS, CONTROLLERS

APP = sorted((TUI / "app").rglob("*.py"))


def test_no_class_has_more_than_two_ancestors_of_ours() -> None:
    deep = []
    for path in APP:
        module = importlib.import_module(name_of(path))
        for name, each in inspect.getmembers(module, inspect.isclass):
            ours = [base for base in each.__mro__[1:] if base.__module__.startswith("tui.")]
            if each.__module__ == module.__name__ and len(ours) > 2:
                deep.append(f"{module.__name__}.{name}: {', '.join(base.__name__ for base in ours)}")
    assert not deep


def test_a_controller_inherits_from_nothing() -> None:
    assert [each.__name__ for each in CONTROLLERS if each.__bases__ != (object,)] == []


def test_an_action_is_declared_in_one_place() -> None:
    """Who is told what a key does finds the handler by its id."""
    places: dict[str, list[str]] = {action.id: [] for action in ACTIONS}
    for path in APP:
        for found in re.finditer(r'@action\(\s*"([\w-]+)"', path.read_text(encoding="utf-8")):
            places[found[1]].append(path.name)
    assert {action: files for action, files in places.items() if len(files) != 1} == {}
