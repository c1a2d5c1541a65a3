"""What is started for each page: the program itself, with what was asked for and an environment of what it needs."""

from __future__ import annotations

from collections.abc import Mapping

#: What the screen and the tools that keep logins for it need. Everything else stays behind: tokens of build servers,
#: keys of clouds, the terminal that the server was started in (TMUX and STY would have copies wrapped for it).
KEPT = frozenset(
    {
        "ALL_PROXY", "APPDATA", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_AUTH_CONFIG", "DOCKER_CONFIG", "GNUPGHOME", "HOME",
        "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LOCALAPPDATA", "LOGNAME", "NO_COLOR", "NO_PROXY", "PASSWORD_STORE_DIR",
        "PATH", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONUTF8", "REGISTRY_AUTH_FILE", "SSL_CERT_DIR",
        "SSL_CERT_FILE", "SYSTEMROOT", "TEMP", "TEXTUAL_THEME", "TMP", "TMPDIR", "TZ", "USER", "USERPROFILE",
        "VIRTUAL_ENV",
    }
)  # fmt: skip
_KEPT_BEGINNINGS = ("LC_", "XDG_")
#: What textual-serve sets for the process.
_SET = frozenset({"COLUMNS", "ROWS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DRIVER", "TEXTUAL_FPS", "TERM_PROGRAM"})


def environment(given: Mapping[str, str], mark: str) -> dict[str, str]:
    """Of the variables that textual-serve would give the process those that it needs; `mark` says that it is drawn in a
    browser."""
    kept = {
        name: value
        for name, value in given.items()
        if name.upper() in KEPT or name in _SET or name.startswith(_KEPT_BEGINNINGS)
    }
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor", mark: "1"}
