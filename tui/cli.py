"""The command line: read it, check the terminal, hand over.

Everything that costs time to import is imported by the handler that needs it, so `--version` and `--help` answer at
once. Exit status: 0 complete, 1 something is missing, 2 wrong usage, 3 could not be determined.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from tui import __version__

if TYPE_CHECKING:
    from tui.config import Settings

COMPLETE, MISSING, USAGE, UNDETERMINED = 0, 1, 2, 3
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
_PIPE_CLOSED = 141  # 128 + SIGPIPE

_SOURCES = """\
SOURCE is a reference (ghcr.io/org/app:1.0, app@sha256:…), a repository, a registry (localhost:5000/), or
oci:PATH[:TAG]  oci-archive:PATH  docker-archive:PATH  docker-manifests:[PATH]  storage:PATH"""

_COMMANDS = {
    "demo": "the same on an embedded registry, with lessons; no network, nothing to set up",
    "tree": "print the tree as text, with presence",
    "check": "print every object that is not there, and the verdict",
    "create": "make a manifest list of images, and push it",
    "registry": "serve the embedded registry alone, for other programs",
}
_EXIT_STATUS = "Exit status: 0 complete; 1 something is missing; 2 wrong usage; 3 could not be determined."


class _Parser(argparse.ArgumentParser):
    """Errors end with status 2 and say how to get help instead of repeating the whole usage."""

    def error(self, message: str) -> NoReturn:
        from tui.text import safe

        self.exit(USAGE, f"{self.prog}: {safe(message)}\nTry '{self.prog} --help'.\n")


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
        return 3
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(argv: list[str]) -> int:
    command, rest = _command(argv)
    head, tail = _split_at_dashes(rest)
    parser = _PARSERS[command]()
    options = parser.parse_intermixed_args(head)
    options.words += tail
    handler = _HANDLERS[command]
    from tui.config import ConfigError
    from tui.oci.errors import OciError

    try:
        return handler(parser, options, _settings(options))
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


# --- reading ---------------------------------------------------------------------------------------------------------


def _command(argv: list[str]) -> tuple[str, list[str]]:
    """The subcommand ("" for the screen) and the arguments without it.

    It is the first word that is no option. After `--` nothing is a subcommand, so that an image of the name can be
    opened: `fanfold -- demo`.
    """
    takes_value = {"--plain-http", "--insecure", "--ca", "--concurrency", "--config", "--log", "--depth"}
    position = 0
    while position < len(argv):
        word = argv[position]
        if word == "--":
            break
        if word in takes_value:
            position += 2
        elif word.startswith("-") and word != "-":
            position += 1
        elif word in _COMMANDS:
            return word, argv[:position] + argv[position + 1 :]
        else:
            break
    return "", argv


def _split_at_dashes(argv: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before `--`, and those after it, which are never options."""
    if "--" not in argv:
        return argv, []
    position = argv.index("--")
    return argv[:position], argv[position + 1 :]


def _new(command: str, usage: str, description: str, words: str, epilog: str = "") -> _Parser:
    """A parser with the options that every command has; `words` is what its positional arguments are called."""
    prog = f"fanfold {command}".strip()
    parser = _Parser(
        prog=prog,
        usage=f"{prog} {usage}",
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", metavar=words, nargs="*", help=argparse.SUPPRESS)
    common = parser.add_argument_group("common options")
    common.add_argument(
        "--plain-http", metavar="HOST", action="append", default=[], help="speak http to HOST (loopback needs no flag)"
    )
    common.add_argument(
        "--insecure", metavar="HOST", action="append", default=[], help="do not verify the certificate of HOST"
    )
    common.add_argument("--ca", metavar="FILE", help="trust the certificate authority in this PEM file too")
    common.add_argument("--concurrency", metavar="N", type=_concurrency, help="requests at once per host (16)")
    common.add_argument("--read-only", action="store_true", help="refuse everything that would write")
    common.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    common.add_argument("--config", metavar="FILE", help="read this configuration file instead of the default one")
    common.add_argument("--log", metavar="FILE", help="append every request, without secrets, to this file")
    common.add_argument("--version", action="version", version=f"fanfold {__version__}")
    return parser


def _concurrency(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 256):
        raise argparse.ArgumentTypeError("must be a number between 1 and 256")
    return int(text)


def _depth(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) <= 1000):
        raise argparse.ArgumentTypeError("must be a number of levels, such as 2")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text[:9]) <= 65535):
        raise argparse.ArgumentTypeError("must be a number between 0 (any free port) and 65535")
    return int(text)


def _open_parser() -> _Parser:
    commands = "\n".join(f"  {name:<10}{words}" for name, words in _COMMANDS.items())
    return _new(
        "",
        "[OPTIONS] [SOURCE ...]\n       fanfold COMMAND ...",
        f"Explore container images, see what is broken, and mend multi-platform ones.\n\n{_SOURCES}",
        "SOURCE",
        f"commands (each has its own --help; open an image of such a name as `fanfold -- NAME`):\n{commands}",
    )


def _demo_parser() -> _Parser:
    return _new("demo", "[OPTIONS] [LESSON]", f"Open {_COMMANDS['demo']}.", "LESSON")


def _tree_parser() -> _Parser:
    parser = _new("tree", "[OPTIONS] SOURCE ...", f"Print the tree as text.\n\n{_SOURCES}", "SOURCE", _EXIT_STATUS)
    parser.add_argument("--depth", metavar="N", type=_depth, help="show so many levels below each SOURCE (all)")
    return parser


def _check_parser() -> _Parser:
    description = f"Ask for every object of an image whether it is there.\n\n{_SOURCES}"
    parser = _new("check", "[OPTIONS] SOURCE ...", description, "SOURCE", _EXIT_STATUS)
    parser.add_argument(
        "--platform", metavar="P", action="append", default=[], help="only this platform, such as linux/arm64 (repeat)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", dest="output", action="store_const", const="json", help="print one JSON document")
    form.add_argument("--markdown", dest="output", action="store_const", const="markdown", help="print Markdown")
    parser.set_defaults(output="text")
    return parser


def _create_parser() -> _Parser:
    parser = _new(
        "create",
        "[OPTIONS] TARGET SOURCE ...",
        "Make a manifest list of the images of every SOURCE, push it to TARGET, and print its digest.\n"
        "With --amend the list that TARGET holds is changed: a platform of a SOURCE replaces the one there.",
        "TARGET SOURCE",
        _EXIT_STATUS.replace("1 something is missing", "1 refused: something is missing"),
    )
    parser.add_argument("--amend", action="store_true", help="start from what TARGET holds now")
    parser.add_argument("--remove", metavar="P", action="append", default=[], help="leave out this platform (repeat)")
    parser.add_argument(
        "--annotation", metavar="K=V", action="append", default=[], help="set an annotation of the index (repeat)"
    )
    parser.add_argument("--type", choices=("oci", "docker"), help="the kind of list, instead of what its images are")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
    parser.add_argument("--json", action="store_true", help="print the plan or the outcome as JSON")
    return parser


def _registry_parser() -> _Parser:
    parser = _new("registry", "[OPTIONS]", f"{_COMMANDS['registry'].capitalize()}.", "")
    parser.add_argument("--port", metavar="N", type=_port, default=5005, help="the port on 127.0.0.1 (5005; 0 any)")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    """The configuration file with the command line on top. Raises ConfigError, MalformedReference."""
    from dataclasses import replace
    from pathlib import Path

    from tui.config import ConfigError, load

    settings = load(Path(options.config) if options.config is not None else None)
    if options.plain_http or options.insecure:
        from tui.oci.reference import parse_registry

        for host in options.plain_http:
            settings = settings.with_host(parse_registry(host), plain_http=True)
        for host in options.insecure:
            settings = settings.with_host(parse_registry(host), insecure=True)
    changes: dict[str, Any] = {}
    if options.ca is not None:
        changes["ca"] = Path(options.ca)
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


# --- handing over ----------------------------------------------------------------------------------------------------


def has_terminal() -> bool:
    """Whether a screen can be drawn, which Textual does on stderr, and keys can be read."""
    named = os.name == "nt" or os.environ.get("TERM", "") not in ("", "dumb")  # Windows names no terminal
    return named and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _check_sources(words: Sequence[str]) -> None:
    """Refuse a malformed source before anything is drawn or asked. Raises OciError."""
    from tui.sources.spec import parse_source

    for word in words:
        parse_source(word)


def _open(parser: _Parser, options: argparse.Namespace, settings: Settings) -> int:
    sources = options.words or list(settings.bookmarks)
    _check_sources(sources)
    if has_terminal():
        from tui.app.main import run_app

        return run_app(settings, sources)
    if not sources:
        parser.error("There is no terminal to draw on; name a SOURCE to print its tree instead.")
    return _tree(parser, options, settings)


def _demo(parser: _Parser, options: argparse.Namespace, settings: Settings) -> int:
    if len(options.words) > 1:
        parser.error("Name at most one lesson.")
    if not has_terminal():
        parser.error("The demo needs a terminal. `fanfold registry` serves the same images to other programs.")
    from tui.app.main import run_app

    return run_app(settings, (), demo=True, lesson=options.words[0] if options.words else None)


def _need_sources(parser: _Parser, options: argparse.Namespace, settings: Settings) -> list[str]:
    sources: list[str] = options.words or list(settings.bookmarks)
    if not sources:
        parser.error("Name at least one SOURCE.")
    _check_sources(sources)
    return sources


def _tree(parser: _Parser, options: argparse.Namespace, settings: Settings) -> int:
    sources = _need_sources(parser, options, settings)
    _write_what_fits(ascii_only=settings.ascii)
    from tui.plain import run_tree

    return run_tree(settings, sources, depth=getattr(options, "depth", None))


def _check(parser: _Parser, options: argparse.Namespace, settings: Settings) -> int:
    sources = _need_sources(parser, options, settings)
    from tui.oci.platform import Platform
    from tui.plain import run_check

    platforms = tuple(Platform.parse(text) for text in options.platform)
    _write_what_fits(ascii_only=settings.ascii, json=options.output == "json")
    return run_check(settings, sources, platforms=platforms, output=options.output)


def _create(parser: _Parser, options: argparse.Namespace, settings: Settings) -> int:
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


def _registry(parser: _Parser, options: argparse.Namespace, settings: Settings) -> int:
    if options.words:
        parser.error("This command takes no words.")
    from tui.demo.command import run_registry

    return run_registry(options.port)


_PARSERS: dict[str, Callable[[], _Parser]] = {
    "": _open_parser,
    "demo": _demo_parser,
    "tree": _tree_parser,
    "check": _check_parser,
    "create": _create_parser,
    "registry": _registry_parser,
}
_HANDLERS: dict[str, Callable[[_Parser, argparse.Namespace, Settings], int]] = {
    "": _open,
    "demo": _demo,
    "tree": _tree,
    "check": _check,
    "create": _create,
    "registry": _registry,
}
