"""How a shell line that somebody pastes logs in as we did: with variables for what is secret, never with the secret."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

USER_AND_PASSWORD = '-u "$REGISTRY_USER:$REGISTRY_PASSWORD"'
"""In place of the name and password of a login."""

_LOGIN_NOTE = "REGISTRY_USER, REGISTRY_PASSWORD: your login for this registry"
_TOKEN_NOTE = "REGISTRY_TOKEN: the token that is stored for this registry"
_READ = r"""sed -n 's/.*"\(access_\)\{0,1\}token" *: *"\([^"]*\)".*/\2/p' | head -n 1"""
"""Prints the token of a token server's answer, with what every system has."""


@dataclass(frozen=True, slots=True)
class ShellLogin:
    """`before` goes before the line and fetches a token ("" when none is needed); `words` are curl's, for a shell;
    `notes` say which variables have to be set first."""

    before: str
    words: str
    notes: tuple[str, ...]

    @classmethod
    def of(cls, authorization: str, how: str) -> ShellLogin:
        """For the header that was sent, and the line that prints a token (`ask_for_token`; "" when there is none)."""
        if authorization.lower().startswith("basic"):
            return cls("", USER_AND_PASSWORD, (_LOGIN_NOTE,))
        if not how:
            return cls("", '-H "Authorization: Bearer $REGISTRY_TOKEN"', (_TOKEN_NOTE,))
        return cls(f"TOKEN=$({how}); ", '-H "Authorization: Bearer $TOKEN"', _notes(how))


def _notes(line: str) -> tuple[str, ...]:
    return (_LOGIN_NOTE,) if "$REGISTRY_USER" in line else (_TOKEN_NOTE,) if "$REGISTRY_TOKEN" in line else ()


def comment_on(line: str) -> str:
    """What to write behind a whole line: which variables to set first; "" when it works as it stands."""
    return "".join(f"  # {note}" for note in _notes(line))


def ask_for_token(url: str, *, password: bool = False, form: tuple[tuple[str, str], ...] = ()) -> str:
    """A line that prints a token: from this address, with a `password` or not, or by a `form` with a stored token."""
    words = ["curl -sS"]
    if form:
        words += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in form]
        words.append('--data-urlencode "refresh_token=$REGISTRY_TOKEN"')
    elif password:
        words.append(USER_AND_PASSWORD)
    return f"{' '.join(words)} {shlex.quote(url)} | {_READ}"
