"""The command line: have it read, check the terminal, hand over.

Everything that costs time to import is imported by the handler that needs it, so `--version` and `--help` answer at
once. Exit status: 0 complete, 1 something is missing, 2 wrong usage, 3 could not be determined.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tui.arguments import Options, Parser, read

if TYPE_CHECKING:
    from tui.config import Settings

_UNDETERMINED = 3
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
_PIPE_CLOSED = 141  # 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments, or those of the process, and return its exit status."""
    try:
        _write_what_fits()
        status = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return status
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing may be written at exit either
        if error.errno == errno.EPIPE:  # whoever read our output went away (`fanfold tree … | head`)
            return _PIPE_CLOSED
        print(f"fanfold: the output could not be written: {error.strerror}.", file=sys.stderr)
        return _UNDETERMINED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(argv: list[str]) -> int:
    command, parser, options = read(argv)
    from tui.config import ConfigError
    from tui.oci.errors import OciError

    try:
        return _HANDLERS[command](parser, options, _settings(options))
    except (ConfigError, OciError) as error:
        parser.error(str(error))


def _write_what_fits(*, ascii_only: bool = False, json: bool = False) -> None:
    """What stdout cannot say, or may not (`--ascii`), gets a stand-in instead of a traceback: “...” for “…”.

    In JSON it gets JSON's own escape, so that the values stay what they are.
    """
    stdout = sys.stdout
    if not isinstance(stdout, io.TextIOWrapper):
        return
    if not ascii_only and stdout.encoding.lower().replace("-", "") == "utf8":
        return
    import codecs
    from json import dumps

    from tui.text import to_ascii

    def stand_in(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        part = error.object[error.start : error.end]
        return dumps(part)[1:-1] if json else to_ascii(part), error.end

    codecs.register_error("fanfold", stand_in)
    stdout.reconfigure(encoding="ascii" if ascii_only else stdout.encoding, errors="fanfold")


def _settings(options: Options) -> Settings:
    """The configuration file with the command line on top. Raises ConfigError, MalformedReference."""
    from dataclasses import replace
    from pathlib import Path

    from tui.config import ConfigError, load

    settings = load(Path(options.config) if options.config is not None else None)
    if options.plain_http or options.insecure:
        from tui.oci.reference import parse_registry

        for host in options.plain_http:
            settings = settings.with_host(parse_registry(host), plain_http=True, tls=False)
        for host in options.insecure:
            settings = settings.with_host(parse_registry(host), insecure=True)
    changes: dict[str, Any] = {}
    if options.ca is not None:
        changes["ca"], changes["tls_on_loopback"] = Path(options.ca), True
        if not os.path.isfile(options.ca):
            raise ConfigError(f"--ca: there is no file {options.ca}.")
    if options.log is not None:
        changes["log"] = Path(options.log)
    if options.concurrency is not None:
        changes["concurrency"] = options.concurrency
    return replace(
        settings,
        ascii=settings.ascii or options.ascii,
        read_only=settings.read_only or options.read_only,
        **changes,
    )


def has_terminal() -> bool:
    """Whether a screen can be drawn, which Textual does on stderr, and keys can be read."""
    named = os.name == "nt" or os.environ.get("TERM", "") not in ("", "dumb")  # Windows names no terminal
    return named and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _check_sources(words: Sequence[str]) -> None:
    """Refuse a malformed source before anything is drawn or asked. Raises OciError."""
    from tui.sources.spec import parse_source

    for word in words:
        parse_source(word)


def _open(parser: Parser, options: Options, settings: Settings) -> int:
    sources = options.words or list(settings.bookmarks)
    _check_sources(sources)
    if has_terminal():
        from tui.app.main import run_app

        return run_app(settings, sources)
    if not sources:
        parser.error("There is no terminal to draw on; name a SOURCE to print its tree instead.")
    return _tree(parser, options, settings)


def _demo(parser: Parser, options: Options, settings: Settings) -> int:
    if len(options.words) > 1:
        parser.error("Name at most one lesson.")
    if not has_terminal():
        parser.error("The demo needs a terminal. `fanfold registry` serves the same images to other programs.")
    from tui.app.main import run_app

    return run_app(settings, (), demo=True, lesson=options.words[0] if options.words else None)


def _need_sources(parser: Parser, options: Options, settings: Settings) -> list[str]:
    sources: list[str] = options.words or list(settings.bookmarks)
    if not sources:
        parser.error("Name at least one SOURCE.")
    _check_sources(sources)
    return sources


def _tree(parser: Parser, options: Options, settings: Settings) -> int:
    sources = _need_sources(parser, options, settings)
    _write_what_fits(ascii_only=settings.ascii)
    from tui.plain import run_tree

    return run_tree(settings, sources, depth=getattr(options, "depth", None))


def _check(parser: Parser, options: Options, settings: Settings) -> int:
    sources = _need_sources(parser, options, settings)
    from tui.oci.platform import Platform
    from tui.plain import run_check

    platforms = tuple(Platform.parse(text) for text in options.platform)
    _write_what_fits(ascii_only=settings.ascii, json=options.output == "json")
    return run_check(settings, sources, platforms=platforms, output=options.output)


def _create(parser: Parser, options: Options, settings: Settings) -> int:
    target, *sources = options.words or [""]
    if not target or not (sources or (options.amend and (options.remove or options.annotation or options.type))):
        parser.error("Name a TARGET and at least one SOURCE.")
    if settings.read_only and not options.dry_run:
        parser.error("--read-only forbids pushing; add --dry-run to see what would be done.")
    _check_sources((target, *sources))
    from tui.oci.platform import Platform
    from tui.plain import run_create

    annotations: dict[str, str] = {}
    for text in options.annotation:
        key, equals, value = text.partition("=")
        if not key or not equals:
            parser.error(f"--annotation takes KEY=VALUE, not “{text}”.")
        annotations[key] = value
    _write_what_fits(ascii_only=settings.ascii, json=options.json)
    return run_create(
        settings,
        target,
        sources,
        amend=options.amend,
        remove=tuple(Platform.parse(text) for text in options.remove),
        annotations=annotations,
        type=options.type,
        dry_run=options.dry_run,
        json=options.json,
    )


def _registry(parser: Parser, options: Options, settings: Settings) -> int:
    if options.words:
        parser.error("This command takes no words.")
    from tui.demo.command import run_registry

    return run_registry(options.port)


_HANDLERS: dict[str, Callable[[Parser, Options, Settings], int]] = {
    "": _open,
    "demo": _demo,
    "tree": _tree,
    "check": _check,
    "create": _create,
    "registry": _registry,
}
