"""The parts of the site that are made of the program's own tables when the site is built, as Markdown.

A page says where one goes: a line `<!-- reference: keys -->`. `filled` puts it there; `PARTS` are their names. Nothing
of it is kept in a file, so that nothing can be out of date.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tui.app.actions import Scope
from tui.app.keys import ACTIONS, BY_ID, Keys
from tui.app.pages.glossary import words as glossary_words
from tui.commands.arguments import all_parsers, common_options
from tui.demo.gallery import GALLERY
from tui.explore.cells import UNICODE
from tui.explore.finding import Code, Severity, codes
from tui.formats.markdown import escaped
from tui.resources import FOLDER
from tui.sources.presence import presence_words
from tui.teach.explanation import specs
from tui.teach.lesson_file import load
from tui.text import ASCII_SYMBOLS, capital, with_keys

SCHEMAS = Path(__file__).parent / "schema"
LESSONS = FOLDER / "lessons"

#: The keys as they are before anybody changes one.
KEYS = Keys()

_PLACE = re.compile(r"^<!-- reference: ([a-z-]+) -->$", re.MULTILINE)
_CODE = re.compile(r"(`[^`]*`)")

#: What the scopes of actions are called, in the order of the page.
SCOPES: Mapping[Scope, str] = {
    "main": "On the main screen",
    "start": "On the start page",
    "draft": "In a draft",
    "plan": "In a plan",
    "push": "During a push, and after it",
    "choice": "In a list to choose from",
    "confirm": "In a question",
    "prompt": "In a line to type in",
    "reader": "In a text to read",
    "help": "In the help",
    "busy": "While something is prepared",
}


def filled(page: str) -> str:
    """A page with its parts put in. Raises KeyError for a part that there is none of."""
    return _PLACE.sub(lambda found: "\n".join(PARTS[found[1]]()), page)


def placed(page: str) -> set[str]:
    """The names of the parts that a page asks for."""
    return set(_PLACE.findall(page))


def as_markdown(text: str) -> str:
    """Prose of ours as Markdown: code stays code, all else is text, and a key is the one that it is by default."""
    parts = _CODE.split(text)
    plain = [part if part.startswith("`") and len(part) > 1 else _escaped_prose(part) for part in parts]
    return with_keys("".join(plain), lambda action: f"`{KEYS.first(action)}`" if action in BY_ID else None)


def _escaped_prose(text: str) -> str:
    """All but what names keys, `{key:check}`."""
    return "".join(part if part.startswith("{key:") else escaped(part) for part in re.split(r"(\{key:[a-z-]+\})", text))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield from ("", _row(*head), _row(*("---" for _ in head)))
    yield from (_row(*row) for row in rows)
    yield ""


# The command line


def commands() -> Iterator[str]:
    """A section for each command, and one for the options that all of them have."""
    root = all_parsers()
    (below,) = [each for each in root._actions if isinstance(each, argparse._SubParsersAction)]
    common = common_options(root)
    known = {name for action in common for name in action.option_strings}
    yield from _table(
        ("command", "what it does"),
        (
            (f"[`fanfold {each.dest}`](#command-{each.dest})", escaped(capital(each.help or "")))
            for each in below._choices_actions
        ),
    )
    purpose, *sources = (root.description or "").split("\n\n")
    for name, parser in (("fanfold", root), *below.choices.items()):
        title = "fanfold" if parser is root else f"fanfold {name}"
        usage = [line.strip() for line in (parser.usage or "").splitlines()]
        yield from (f"(command-{name})=", f"## {title}", "", "```text", *usage, "```", "")
        said = purpose if parser is root else parser.description or ""
        yield from _described(each for each in said.split("\n\n") if each not in sources)
        if parser is root or any(each in said for each in sources):
            yield from ("What a SOURCE may be: [sources](#sources).", "")
        yield from _options(
            each for each in parser._actions if each.option_strings and not known & {*each.option_strings}
        )
        yield from _described([parser.epilog] if parser is not root and parser.epilog else [])
    yield from ("(common-options)=", "## Options of every command", "")
    yield from _options(common)


def _described(paragraphs: Iterable[str]) -> Iterator[str]:
    """Each as text; what is indented, as it stands."""
    for paragraph in paragraphs:
        lines = paragraph.splitlines()
        if any(line.startswith(" ") for line in lines):
            yield from ("```text", *(line.strip() for line in lines), "```", "")
        else:
            yield from (escaped(" ".join(lines)), "")


def _options(actions: Iterable[argparse.Action]) -> Iterator[str]:
    formatter = argparse.HelpFormatter("fanfold")
    rows = []
    for action in actions:
        values = action.metavar or ("|".join(action.choices) if action.choices else "")
        value = " ".join(values) if isinstance(values, tuple) else values
        names = ", ".join(f"`{name} {value}`" if value else f"`{name}`" for name in action.option_strings)
        rows.append((names, escaped(formatter._expand_help(action))))
    return _table(("option", "meaning"), rows) if rows else iter(())


# The screen


def keys() -> Iterator[str]:
    """A section for each screen and kind of dialog, in it a table for each group of actions."""
    for scope, title in SCOPES.items():
        actions = [action for action in ACTIONS if scope in action.scopes]
        yield from (f"(keys-{scope})=", f"## {title}", "")
        groups = dict.fromkeys(action.group for action in actions)
        for group in groups:
            if len(groups) > 1:
                yield from (f"### {group}", "")
            yield from _table(
                ("keys", "what they do", "action"),
                (
                    (
                        " ".join(f"`{key}`" for key in KEYS.all(action.id, scope).split()),
                        as_markdown(action.words),
                        f"`{action.id}`",
                    )
                    for action in actions
                    if action.group == group
                ),
            )


def presences() -> Iterator[str]:
    """The table of symbols."""
    rows = []
    for words in presence_words().values():
        symbol = UNICODE.presence.get(words.presence, words.symbol)
        meaning = words.help.removeprefix(f"{words.presence.value}: ")
        rows.append(
            (symbol, ASCII_SYMBOLS.get(symbol, symbol), words.presence.value, escaped(meaning), as_markdown(words.fix))
        )
    return _table(("symbol", "with `--ascii`", "presence", "meaning", "what to do"), rows)


def glossary() -> Iterator[str]:
    """A section for each word, with its picture."""
    for word in glossary_words():
        yield from (f"(word-{word.name})=", f"## {word.name}", "", escaped(word.what), "")
        yield from (f"OCI: {escaped(word.oci)}. Docker: {escaped(word.docker)}.", "", "```text")
        yield from (line.replace("_", " ") for line in word.picture)
        yield from ("```", "")


# What a check finds


def findings() -> Iterator[str]:
    """A table of all codes, then a section for each."""
    yield from _table(
        ("finding", "severity", "what it says", "key"),
        (
            (
                f"[`{code.code}`](#finding-{code.code})",
                code.severity.value,
                escaped(capital(code.title)),
                _key_of(code),
            )
            for code in codes().values()
        ),
    )
    for severity in Severity:
        yield from (f"## {severity.value.capitalize()}", "")
        for code in codes().values():
            if code.severity is severity:
                yield from _finding(code)


def _key_of(code: Code) -> str:
    return f"`{KEYS.first(code.action)}`" if code.action else ""


def _finding(code: Code) -> Iterator[str]:
    yield from (
        f"(finding-{code.code})=",
        f"### {code.code}",
        "",
        f"**{escaped(capital(code.title))}.** {as_markdown(code.cause)}",
        "",
    )
    for paragraph in code.what:
        yield from (as_markdown(paragraph), "")
    yield from (f"*Whom it hurts.* {as_markdown(code.why)}", "")
    refuse = [f"refused by {', '.join(code.refused_by)}"] if code.refused_by else []
    take = [f"taken by {', '.join(code.taken_by)}"] if code.taken_by else []
    if refuse or take:
        yield from (f"*Clients.* {escaped(capital('; '.join(refuse + take)))}.", "")
    key = f" Key: {_key_of(code)}." if code.action else ""
    yield from (f"*What fixes it.* {as_markdown(code.fix)}{key}", "")
    shown = [sample.references[0] for sample in GALLERY if code.code in sample.codes]
    if shown:
        yield from (f"*To be seen* in `fanfold demo`: {', '.join(f'`{each}`' for each in shown)}.", "")
    said = "; ".join(f"[{escaped(str(spec))}]({spec.url})" for spec in specs(code.specs))
    yield from (f"*Defined in* {said}.", "")


# The embedded registry


def gallery() -> Iterator[str]:
    """Every sample, with what it teaches and what a check of it finds."""
    return _table(
        ("image", "what it shows", "findings"),
        (
            (
                f"`{sample.references[0]}`",
                as_markdown(sample.words),
                ", ".join(f"[`{code}`](findings.md#finding-{code})" for code in sample.codes),
            )
            for sample in GALLERY
        ),
    )


def lessons() -> Iterator[str]:
    """The lessons, in their order."""
    found = [load(path) for path in sorted(LESSONS.glob("*.toml"))]
    return _table(
        ("", "lesson", "what it is about", "takes"),
        (
            (
                str(number),
                f"`fanfold demo {lesson.id}`: {escaped(lesson.title)}",
                as_markdown(lesson.summary),
                f"{lesson.minutes}\u00a0min",
            )
            for number, lesson in enumerate(found, 1)
        ),
    )


# JSON


def schemas() -> Iterator[str]:
    """A section for each schema, with a table of the fields of every object in it."""
    for path in sorted(SCHEMAS.glob("*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        name = path.stem
        yield from (f"(schema-{name})=", f"## {path.name}", "", as_markdown(schema["description"]), "")
        yield from (f"`{schema['$id']}`; the file: [{path.name}](schema/{path.name}).", "")
        if "anyOf" in schema:
            yield from (f"The document is {_type(schema, name)}.", "")
        yield from _fields(schema, name)
        for part, inner in schema["$defs"].items():
            yield from (f"(schema-{name}-{part})=", f"### {part} ({path.name})", "")
            said = inner.get("description", "")
            yield from ([as_markdown(said), ""] if said else [])
            if not inner.get("properties"):
                yield from (f"Type: {_type(inner, name)}.", "")
            yield from _fields(inner, name)


def _fields(schema: Mapping[str, Any], name: str) -> Iterator[str]:
    rows = [
        (
            f"`{field}`" + ("" if needed else " (may be left out)"),
            _type(value, name),
            as_markdown(value.get("description", "")),
        )
        for field, value, needed in _properties(schema)
    ]
    if rows:
        yield from _table(("field", "type", "meaning"), rows)


def _properties(schema: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Every field and those of the objects in it: `counts`, `counts.present`, `objects[].digest`."""
    for each in schema.get("anyOf", []):
        yield from _properties(each, above)
    if "items" in schema:
        yield from _properties(schema["items"], f"{above.removesuffix('.')}[].")
    needed = schema.get("required", [])
    for field, value in schema.get("properties", {}).items():
        yield f"{above}{field}", value, field in needed
        yield from _properties(value, f"{above}{field}.")


def _type(schema: Mapping[str, Any], name: str) -> str:
    if "$ref" in schema:
        part = schema["$ref"].removeprefix("#/$defs/")
        return f"[{part}](#schema-{name}-{part})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each, name) for each in schema["anyOf"]))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(each)}`" for each in schema["enum"])
    types = [schema.get("type", "anything")] if isinstance(schema.get("type", ""), str) else schema["type"]
    return " or ".join(f"array of {_type(schema['items'], name)}" if each == "array" else each for each in types)


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "keys": keys,
    "presences": presences,
    "glossary": glossary,
    "findings": findings,
    "gallery": gallery,
    "lessons": lessons,
    "schemas": schemas,
}
