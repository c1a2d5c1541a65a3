"""`WWW-Authenticate`: RFC 9110 section 11.6.1, by a tokenizer and not by splitting on commas.

Several header lines, several challenges in a line, quoted commas (`scope="repository:a/b:pull,push"`), escapes, any
letter case, spaces around `=`, repeated parameters (the first one counts) and token68 are all met in the wild.
Nothing here raises: what cannot be read is left out.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_LINE = 16_384
MAX_CHALLENGES = 32
MAX_PARAMETERS = 32

_TOKEN = frozenset("!#$%&'*+-.^_`|~" + string.ascii_letters + string.digits)
_TOKEN68 = frozenset("-._~+/" + string.ascii_letters + string.digits)
_UNQUOTED = _TOKEN | _TOKEN68 | frozenset(":=@?")  # a realm without quotes is met in the wild
_SPACE = " \t"


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme` and the parameters' names are lower case; values are as sent."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token68: str = ""

    def get(self, name: str) -> str:
        return self.parameters.get(name, "")

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.get("scope").split())


def parse_challenges(lines: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of every header line, in order; at most 32."""
    challenges: list[Challenge] = []
    for line in lines:
        challenges.extend(_Reader(line[:MAX_LINE]).challenges())
        if len(challenges) >= MAX_CHALLENGES:
            break
    return tuple(challenges[:MAX_CHALLENGES])


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """Bearer (if it names a realm), else Basic, else None: the other schemes are not for us."""
    listed = tuple(challenges)
    for challenge in listed:
        if challenge.scheme == "bearer" and challenge.get("realm"):
            return challenge
    return next((challenge for challenge in listed if challenge.scheme == "basic"), None)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def challenges(self) -> list[Challenge]:
        challenges: list[Challenge] = []
        while self.at < len(self.text) and len(challenges) < MAX_CHALLENGES:
            self.skip(_SPACE + ",")
            scheme = self.take(_TOKEN)
            if not scheme:
                self.at += 1  # a character that belongs nowhere: go on behind it
                continue
            challenges.append(self.rest_of(scheme.lower()))
        return challenges

    def rest_of(self, scheme: str) -> Challenge:
        if not self.skip(_SPACE):
            return Challenge(scheme)
        token68 = self.token68()
        if token68:
            return Challenge(scheme, {}, token68)
        parameters: dict[str, str] = {}
        while True:
            mark = self.at
            self.skip(_SPACE + ",")
            name = self.take(_TOKEN)
            self.skip(_SPACE)
            if not name or self.peek() != "=":
                self.at = mark  # not a parameter: the next challenge's scheme, or nothing at all
                break
            self.at += 1
            self.skip(_SPACE)
            value = self.quoted() if self.peek() == '"' else self.take(_UNQUOTED)
            if len(parameters) < MAX_PARAMETERS:
                parameters.setdefault(name.lower(), value)
        return Challenge(scheme, parameters)

    def token68(self) -> str:
        """`Negotiate YII=`: letters and padding that end at a comma or at the end of the line, or nothing."""
        mark = self.at
        body = self.take(_TOKEN68) + self.take(frozenset("="))
        self.skip(_SPACE)
        if self.at >= len(self.text) or self.peek() == ",":
            return body
        self.at = mark
        return ""

    def quoted(self) -> str:
        self.at += 1
        out: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == '"':
                break
            if character == "\\" and self.at < len(self.text):
                character = self.text[self.at]
                self.at += 1
            out.append(character)
        return "".join(out)

    def take(self, allowed: frozenset[str]) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in allowed:
            self.at += 1
        return self.text[start : self.at]

    def skip(self, characters: str) -> int:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in characters:
            self.at += 1
        return self.at - start

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""
