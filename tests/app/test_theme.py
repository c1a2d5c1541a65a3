"""The colours, measured: every role against every ground that it may stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from textual.color import Color
from textual.css.styles import Styles
from textual.css.stylesheet import Stylesheet
from textual.theme import BUILTIN_THEMES, Theme

from tui.app import main
from tui.app.styled_text import ROLES
from tui.app.theme import ANSI, DARK, LIGHT, SHARES, chosen_theme, following_theme, variables_for

SHEET = main.__file__.replace("main.py", "main.tcss")
GROUNDS = ("surface", "bar", "panel", "block-cursor-background", "block-cursor-blurred-background")
#: Roles that are lines, or grounds for the text of another role.
LINES = {"faint"}
LEAST = 4.5  # WCAG 2.2, 1.4.3: text


def variables(theme: Theme) -> dict[str, str]:
    """What the app makes of a theme."""
    return {**variables_for(theme), **theme.to_color_system().generate(), **theme.variables}


def styles(theme: Theme) -> dict[str, Styles]:
    """Each role's own rules, where nothing stands above it."""
    return {name.removeprefix("role-"): style for name, style in alone(theme).items() if name.startswith("role-")}


def alone(theme: Theme) -> dict[str, Styles]:
    """The rules of each class that stands alone in its selector."""
    sheet = Stylesheet(variables=variables(theme))
    sheet.read(SHEET)
    rules = [(rule.selector_set[0].selectors, rule.styles) for rule in sheet.rules if len(rule.selector_set) == 1]
    return {names[0].name: style for names, style in rules if len(names) == 1}


def contrast(one: Color, other: Color) -> float:
    """WCAG's ratio, 1 to 21."""

    def luminance(colour: Color) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (value / 255 for value in colour.rgb)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def measured(theme: Theme) -> Iterator[tuple[str, str, float]]:
    """Every role on every ground it may have, with the ratio."""
    known = variables(theme)
    text = Color.parse(known["foreground"])
    for role, style in styles(theme).items():
        rules = style.get_rules()
        colour = rules.get("color", text)
        if "background" in rules:
            yield role, "its own ground", contrast(colour, rules["background"])
            continue
        for ground in GROUNDS:
            yield role, ground, contrast(colour, Color.parse(known[ground]))


def test_the_ruler_itself() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21)
    assert contrast(Color.parse("#767676"), Color.parse("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_role_can_be_read_on_every_ground(theme: Theme) -> None:
    found = list(measured(theme))
    assert {role for role, _, _ in found} >= set(ROLES) - {"plain", "string", "number"}  # those are plain text
    low = [(role, ground, round(ratio, 2)) for role, ground, ratio in found if ratio < LEAST and role not in LINES]
    assert low == []


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", ["page--match", "tree--found"])
def test_what_was_found_has_a_colour_of_its_own_that_can_be_read(theme: Theme, name: str) -> None:
    """Whatever role the text has; and the ground is a whole colour, for a terminal mixes none."""
    rules = alone(theme)[name].get_rules()
    assert rules["background"].a == 1 and contrast(rules["color"], rules["background"]) >= LEAST


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_marks_can_be_read_on_the_ground_of_a_shared_layer(theme: Theme) -> None:
    known = variables(theme)
    for letter in SHARES:
        ground = Color.parse(known[f"share-{letter}"])
        assert contrast(Color.parse(known["success"]), ground) >= LEAST, letter
        assert contrast(Color.parse(known["dim"]), ground) >= 3, letter  # a mark: not asked yet


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_the_accent_is_for_focus_keys_and_what_is_being_checked_only(theme: Theme) -> None:
    accent = Color.parse(theme.primary)
    users = {role for role, style in styles(theme).items() if style.get_rules().get("color") == accent}
    assert users == {"accent", "key-cap", "mark", "checking"}


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_a_fault_is_the_only_thing_that_is_filled_with_a_strong_colour(theme: Theme) -> None:
    """Seen from the surface: what is filled for a fault stands out, every other ground of a row is a tint."""
    known = variables(theme)
    surface = Color.parse(known["surface"])
    strong = {
        role: contrast(rules["background"], surface)
        for role, style in styles(theme).items()
        if "background" in (rules := style.get_rules()) and role not in ("here", "here-fault")
    }
    assert max(strong, key=lambda role: strong[role]) == "fault"


@pytest.mark.parametrize("theme", [*BUILTIN_THEMES.values(), ANSI], ids=lambda theme: theme.name)
def test_every_theme_has_all_variables(theme: Theme) -> None:
    Stylesheet(variables=variables(theme)).read(SHEET)
    known = variables(theme)
    for name in variables_for(DARK):
        Color.parse(known[name])


def test_the_row_of_the_cursor_is_reversed_in_the_colours_of_the_terminal() -> None:
    """A ground of its own would hide text that has the terminal's default colour, which nobody knows."""
    assert "reverse" in str(alone(ANSI)["rows--cursor"].text_style)
    assert variables(ANSI)["block-cursor-background"] == variables(ANSI)["block-cursor-foreground"] == "ansi_default"
    assert "reverse" not in str(alone(DARK)["rows--cursor"].text_style)
    assert "underline" in str(alone(ANSI)["rows--blurred"].text_style)


def test_the_words_of_a_configuration() -> None:
    assert chosen_theme("ansi", "", [ANSI.name, DARK.name]) == (ANSI.name, "")


def test_t_comes_back_to_the_theme_that_the_program_began_with() -> None:
    assert following_theme(DARK.name, DARK.name) == LIGHT.name and following_theme(LIGHT.name, DARK.name) == DARK.name
    assert [following_theme(name, ANSI.name) for name in (ANSI.name, DARK.name, LIGHT.name)] == [
        DARK.name,
        LIGHT.name,
        ANSI.name,
    ]
    assert following_theme("nord", DARK.name) == DARK.name
