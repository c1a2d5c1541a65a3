"""Reading the command line: the subcommands, their options, what `--help` says, and what the options mean.

Nothing but argparse is imported to say it, so that `--version` and `--help` answer at once. A new command has its
parser here, its file beside this one, and its line in `tui/cli.py`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from tui import __version__
from tui.commands.output import err, out

if TYPE_CHECKING:
    from tui.config import Settings
    from tui.sources.spec import SourceSpec

T = TypeVar("T")

USAGE = 2
#: The variable by which `fanfold serve` tells the screen that it is drawn in a browser.
BROWSER_MARK = "FANFOLD_BROWSER"
Options = argparse.Namespace

_SOURCES = """\
SOURCE is a reference (ghcr.io/org/app:1.0, app@sha256:…), a repository, a registry (localhost:5000/), or
oci:PATH[:TAG]  oci-archive:PATH  docker-archive:PATH  docker-manifests:[PATH]  storage:PATH"""

_COMMANDS = {
    "demo": "try it on an embedded registry, with lessons; no network",
    "tree": "print the tree, with presence",
    "check": "check images for missing objects; also for build servers",
    "create": "make a manifest list of images, and push it",
    "fix": "restore missing objects of an image; no digest changes",
    "copy": "copy an image or a list, bytes unchanged",
    "tag": "give SOURCE another tag",
    "delete": "delete a tag, or a manifest by its digest",
    "undo": "undo a push or tag deletion made on this machine",
    "serve": "show the screen in a browser, by a one-time link",
    "registry": "serve the embedded registry to other programs",
    "completion": "print shell completion: bash, zsh or fish",
}
#: The shells that `fanfold completion` knows.
SHELLS = ("bash", "zsh", "fish")
#: The forms of a tree, and those of a report, by their names; `tui/formats/forms.py` writes them.
TREE_FORMS = ("text", "plain", "json", "markdown")
FORMS = ("text", "plain", "json", "markdown", "html", "github", "junit", "sarif")
_EXIT_STATUS = "Exit status: 0 complete; 1 something is missing; 2 wrong usage; 3 could not be determined."


class UsageError(Exception):
    """Arguments that do not go together; the text is a sentence."""


def missing_library(what: str, library: str) -> UsageError:
    """What needs a library that is not installed, and the line that installs it for the Python that runs."""
    from shlex import quote  # late: nearly nobody needs it

    return UsageError(f"{what} needs {library}. Install it: {quote(sys.executable)} -m pip install {library}")


class Parser(argparse.ArgumentParser):
    """Errors end with status 2 and say how to get help instead of repeating the whole usage."""

    def error(self, message: str) -> NoReturn:
        from tui.text import safe, without_login

        self.exit(USAGE, f"{self.prog}: {safe(without_login(message))}\nTry '{self.prog} --help'.\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """As all that is written: argparse itself would pass over a help text that could not be."""
        if file is sys.stdout:
            out(message, end="")
        elif message:
            err(message, end="")


def read(argv: list[str]) -> tuple[str, Parser, Options]:
    """The subcommand ("" for the screen), its parser, to complain with, and its options; `words` are the rest."""
    command, rest = _command(argv)
    head, tail = _split_at_dashes(rest)
    parser = _PARSERS[command]()
    options = parser.parse_intermixed_args(head)
    options.words += tail
    return command, parser, options


def all_parsers() -> Parser:
    """Every command below one parser, as tools expect it that make a completion or a man page. It reads nothing:
    `read` finds the command by itself."""
    root = _open_parser(None)  # without SOURCEs: completions would wait for those before the command
    commands = root.add_subparsers(title="commands", metavar="COMMAND")
    for name, words in _COMMANDS.items():
        parser = _PARSERS[name]()
        commands.add_parser(
            name,
            help=words,
            usage=parser.usage,
            description=parser.description,
            epilog=parser.epilog,
            formatter_class=parser.formatter_class,
            parents=[parser],
            add_help=False,  # that of the parent
        )
    return root


def common_options(parsers: Parser) -> list[argparse.Action]:
    """The options that every command has, of `all_parsers()`."""
    (commands,) = [each for each in parsers._actions if isinstance(each, argparse._SubParsersAction)]
    own = [{(*action.option_strings, action.help) for action in each._actions} for each in commands.choices.values()]
    return [
        action
        for action in parsers._actions
        if action.option_strings and all((*action.option_strings, action.help) in each for each in own)
    ]


def settings_of(options: Options) -> Settings:
    """The configuration file with the command line on top. Raises UsageError, ConfigError, MalformedReference."""
    from dataclasses import replace

    from tui.config import load

    for name in ("config", "ca", "log"):
        if getattr(options, name) == "":
            raise UsageError(f"--{name}: name a file.")
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
        if not changes["ca"].is_file():
            is_folder = changes["ca"].is_dir()
            raise UsageError(f"--ca: {options.ca} is a folder." if is_folder else f"--ca: no such file: {options.ca}.")
    if options.log is not None:
        changes["log"] = Path(options.log)
    if options.concurrency is not None:
        changes["concurrency"] = options.concurrency
    return replace(
        settings,
        ascii=settings.ascii or options.ascii,
        read_only=settings.read_only or options.read_only,
        cache=settings.cache and not options.no_cache,
        browser=os.environ.get(BROWSER_MARK) == "1",
        **changes,
    )


def parse_sources(options: Options, settings: Settings) -> list[SourceSpec]:
    """What was named, else the bookmarks. Raises OciError for a malformed one."""
    from tui.sources.spec import parse_source

    return [parse_source(word) for word in options.words or settings.bookmarks]


def read_each(option: str, read: Callable[[str], T], texts: Iterable[str]) -> tuple[T, ...]:
    """The values of an option that may be given several times, each read. Raises UsageError, which names it."""
    from tui.oci.errors import OciError

    try:
        return tuple(map(read, texts))
    except OciError as error:
        raise UsageError(f"{option}: {error}") from None


def need_sources(options: Options, settings: Settings) -> list[SourceSpec]:
    """`parse_sources`, at least one. Raises UsageError."""
    sources = parse_sources(options, settings)
    if not sources:
        raise UsageError("Name at least one SOURCE.")
    return sources


def _command(argv: list[str]) -> tuple[str, list[str]]:
    """The subcommand ("" for the screen) and the arguments without it.

    It is the first word that is no option. After `--` nothing is a subcommand, so that an image of the name can be
    opened: `fanfold -- demo`.
    """
    if all(word.startswith("-") and word != "-" for word in argv):
        return "", argv  # `--help`, `--version`: answered at once
    values = _values_taken() if argv[0].startswith("-") else {}
    position = 0
    while position < len(argv):
        word = argv[position]
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            position += 1 + values.get(word, 0)
        elif word in _COMMANDS:
            return word, argv[:position] + argv[position + 1 :]
        else:
            _say_if_mistyped(word)
            break
    return "", argv


def _values_taken() -> dict[str, int]:
    """How many of the arguments after it each option of any command takes."""
    return {
        option: 1 if action.nargs is None else action.nargs
        for make in _PARSERS.values()
        for action in make()._actions
        for option in action.option_strings
        if action.nargs is None or isinstance(action.nargs, int)
    }


def _say_if_mistyped(word: str) -> None:
    """A word alone that is nearly a command was meant as one: as an image it would be asked for at Docker Hub."""
    if not (word.isascii() and word.isalpha()):
        return
    from difflib import get_close_matches

    for meant in get_close_matches(word.lower(), _COMMANDS, 1, 0.75):
        _open_parser().error(
            f"Unknown command {word}; did you mean {meant}? To open an image of that name: `fanfold -- {word}`."
        )


def _split_at_dashes(argv: list[str]) -> tuple[list[str], list[str]]:
    """The arguments before `--`, and those after it, which are never options."""
    if "--" not in argv:
        return argv, []
    position = argv.index("--")
    return argv[:position], argv[position + 1 :]


def _new(command: str, usage: str, description: str, words: str | None, epilog: str = "") -> Parser:
    """A parser with the options that every command has; `words` is what its positional arguments are called; None:
    it has none."""
    prog = f"fanfold {command}".strip()
    parser = Parser(
        prog=prog,
        usage=f"{prog} {usage}",
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if words is not None:
        parser.add_argument("words", metavar=words, nargs="*", help=argparse.SUPPRESS)
    common = parser.add_argument_group("common options")
    common.add_argument(
        "--plain-http",
        metavar="HOST",
        action="append",
        default=[],
        help="speak http to HOST (loopback: only with --ca)",
    )
    common.add_argument(
        "--insecure", metavar="HOST", action="append", default=[], help="do not verify the certificate of HOST"
    )
    common.add_argument("--ca", metavar="FILE", help="also trust this PEM file; uses TLS for loopback hosts")
    common.add_argument(
        "--concurrency", metavar="N", type=_concurrency, help="maximum of concurrent requests per host (64)"
    )
    common.add_argument("--read-only", action="store_true", help="refuse all writes")
    common.add_argument("--no-cache", action="store_true", help="do not cache manifests on disk (~/.cache/fanfold)")
    common.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    common.add_argument("--config", metavar="FILE", help="read this configuration file instead of the default one")
    common.add_argument("--log", metavar="FILE", help="log every request to this file, without secrets")
    common.add_argument("--version", action="version", version=f"fanfold {__version__}")
    return parser


def _is_number(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18 and least <= int(text) <= most


def _concurrency(text: str) -> int:
    from tui.config import MOST_CONCURRENCY  # late: only this option needs it

    if not _is_number(text, 1, MOST_CONCURRENCY):
        raise argparse.ArgumentTypeError(f"must be a number between 1 and {MOST_CONCURRENCY}")
    return int(text)


def _depth(text: str) -> int:
    if not _is_number(text, 0, 1000):
        raise argparse.ArgumentTypeError("must be a number of levels, such as 2")
    return int(text)


def _port(text: str) -> int:
    if not _is_number(text, 0, 65535):
        raise argparse.ArgumentTypeError("must be a number between 0 (any free port) and 65535")
    return int(text)


def _open_parser(words: str | None = "SOURCE") -> Parser:
    commands = "\n".join(f"  {name:<12}{words}" for name, words in _COMMANDS.items())
    parser = _new(
        "",
        "[OPTIONS] [SOURCE ...]\n       fanfold COMMAND ...",
        f"Explore container images, see what is broken, and fix multi-platform ones.\n\n{_SOURCES}",
        words,
        f"commands (each has its own --help; open an image of such a name as `fanfold -- NAME`):\n{commands}",
    )
    parser.add_argument(
        "--plain", action="store_true", help="no screen: print the tree as sentences, to be listened to"
    )
    return parser


def _demo_parser() -> Parser:
    return _new("demo", "[OPTIONS] [LESSON]", "Explore an embedded registry, with lessons. No network.", "LESSON")


def _tree_parser() -> Parser:
    parser = _new(
        "tree", "[OPTIONS] SOURCE ...", f"Print the tree, with presence.\n\n{_SOURCES}", "SOURCE", _EXIT_STATUS
    )
    parser.add_argument("--depth", metavar="N", type=_depth, help="show this many levels below each SOURCE (all)")
    _form_options(parser, TREE_FORMS)
    _colour_option(parser)
    return parser


def _check_parser() -> Parser:
    which = "A repository is its tag latest, or all tags where there is none; REPOSITORY/ is all tags."
    description = f"Check images for missing objects.\n\n{_SOURCES}\n\n{which}"
    parser = _new("check", "[OPTIONS] SOURCE ...", description, "SOURCE", _EXIT_STATUS)
    parser.add_argument(
        "--platform", metavar="P", action="append", default=[], help="check only what clients pull for P (repeat)"
    )
    parser.add_argument(
        "--expect",
        metavar="P,P",
        action="append",
        default=[],
        help="fail if one of these platforms is missing or cannot be pulled",
    )
    depth = parser.add_mutually_exclusive_group()
    depth.add_argument("--deep", action="store_true", help="read every blob: verify size, digest, diff_id and tar")
    depth.add_argument("--fast", action="store_true", help="do not hash files on disk (hashed by default)")
    _form_options(parser, FORMS)
    _colour_option(parser)
    parser.add_argument("--only-broken", action="store_true", help="leave out complete images")
    parser.add_argument("-q", "--quiet", action="store_true", help="print one line for each image that is not complete")
    return parser


def _form_options(parser: Parser, forms: Sequence[str], json: str = "print one JSON document") -> None:
    """`--format`, and short names for some of the forms."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--format", dest="output", choices=forms, default="text", metavar="FORM", help=f"print {', '.join(forms)}"
    )
    words = {"plain": "print sentences, faults first, to be listened to", "json": json, "markdown": "print Markdown"}
    for name in words:
        if name in forms:
            form.add_argument(f"--{name}", dest="output", action="store_const", const=name, help=words[name])


def _colour_option(parser: Parser) -> None:
    parser.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        metavar="WHEN",
        help="colours: auto, always or never (auto: on a terminal; NO_COLOR and FORCE_COLOR decide)",
    )


def _create_parser() -> Parser:
    parser = _new(
        "create",
        "[OPTIONS] TARGET SOURCE ...",
        "Make a manifest list of the images of every SOURCE, push it to TARGET, and print its digest.\n"
        "With --amend, change the list of TARGET: the platforms of each SOURCE replace the same ones.",
        "TARGET SOURCE",
        _EXIT_STATUS.replace("1 something is missing", "1 refused: something is missing"),
    )
    parser.add_argument("--amend", action="store_true", help="start from the current list of TARGET")
    parser.add_argument("--remove", metavar="P", action="append", default=[], help="leave out this platform (repeat)")
    parser.add_argument(
        "--annotation", metavar="K=V", action="append", default=[], help="set an annotation of the index (repeat)"
    )
    parser.add_argument(
        "--entry-annotation",
        metavar=("P", "K=V"),
        nargs=2,
        action="append",
        default=[],
        help="set an annotation of the entry of this platform (repeat)",
    )
    parser.add_argument("--platform", metavar="P", action="append", default=[], help="keep only this platform (repeat)")
    parser.add_argument(
        "--tag", metavar="TAG", action="append", default=[], help="push to this tag of the repository too (repeat)"
    )
    parser.add_argument("--type", choices=("oci", "docker"), help="type of the list (default: as its images)")
    _write_options(parser)
    return parser


def _fix_parser() -> Parser:
    parser = _new(
        "fix",
        "[OPTIONS] SOURCE",
        "Restore the missing objects of an image, or of every tag of a repository, by mounts, copies and child\n"
        "manifests. No digest changes, no tag moves. Everything is checked again afterwards.\n"
        "Runs without confirmation, as create does: --dry-run shows the plan.\n\n"
        "Without --from, searches neighbouring repositories and the sources recorded in the journal.",
        "SOURCE",
        _EXIT_STATUS.replace("1 something is missing", "1 something stays missing"),
    )
    parser.add_argument(
        "--from",
        dest="places",
        metavar="PLACE",
        action="append",
        default=[],
        help="search this place too: a repository, a registry (host/), oci:PATH, an archive, storage:PATH (repeat)",
    )
    parser.add_argument("--search-catalog", action="store_true", help="search every repository of the registry")
    _write_options(parser)
    return parser


def _one_write(command: str, usage: str, more: str) -> Parser:
    parser = _new(
        command,
        f"[OPTIONS] {usage}",
        f"{_COMMANDS[command][:1].upper()}{_COMMANDS[command][1:]}.\n{more}",
        usage,
        _EXIT_STATUS.replace("1 something is missing", "1 refused"),
    )
    _write_options(parser)
    return parser


def _copy_parser() -> Parser:
    parser = _one_write("copy", "SOURCE TARGET", f"Prints the digest.\n\n{_SOURCES}")
    parser.add_argument("--referrers", action="store_true", help="also copy signatures, SBOMs and other referrers")
    return parser


def _tag_parser() -> Parser:
    return _one_write("tag", "SOURCE TAG", "TAG is a name in the repository of SOURCE. Prints the digest.")


def _delete_parser() -> Parser:
    parser = _one_write("delete", "TARGET", "Deleting a digest deletes every tag on it. --dry-run shows what breaks.")
    parser.add_argument("--yes", action="store_true", help="confirm the deletion (required)")
    return parser


def _undo_parser() -> Parser:
    return _one_write("undo", "TARGET", "TARGET is a tag pushed, moved or deleted on this machine. Prints the digest.")


def _write_options(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
    _form_options(parser, ("text", "json"), json="print the plan or the result as JSON")
    _colour_option(parser)


def _registry_parser() -> Parser:
    parser = _new("registry", "[OPTIONS]", f"{_COMMANDS['registry'].capitalize()}.", "")
    parser.add_argument("--port", metavar="N", type=_port, default=5005, help="the port on 127.0.0.1 (5005; 0 any)")
    return parser


def _serve_parser() -> Parser:
    parser = _new(
        "serve",
        "[OPTIONS] [SOURCE ...]\n       fanfold serve --demo [LESSON]",
        "Show the screen in a browser. Each printed link works once, for one browser.\n"
        "Read-only, with your logins. On this machine's disks, only the named SOURCEs are open.\n\n"
        f"{_SOURCES}",
        "SOURCE",
    )
    parser.add_argument("--demo", action="store_true", help="the embedded registry with its lessons, one for each page")
    parser.add_argument("--port", metavar="N", type=_port, default=8000, help="the port (8000; 0 any)")
    parser.add_argument(
        "--host", metavar="HOST", default="127.0.0.1", help="listen at this address (127.0.0.1: this machine only)"
    )
    parser.add_argument("--url", metavar="URL", help="public address of a TLS proxy in front")
    parser.add_argument("--writable", action="store_true", help="allow pages to push, tag and delete")
    return parser


def _completion_parser() -> Parser:
    return _new(
        "completion",
        f"{'|'.join(SHELLS)}",
        "Print the completion script of a shell. For bash:\n\n"
        "  fanfold completion bash > ~/.local/share/bash-completion/completions/fanfold\n\n"
        "For zsh: > _fanfold in a folder of $fpath. For fish: > ~/.config/fish/completions/fanfold.fish",
        "SHELL",
    )


_PARSERS: dict[str, Callable[[], Parser]] = {
    "": _open_parser,
    "demo": _demo_parser,
    "tree": _tree_parser,
    "check": _check_parser,
    "create": _create_parser,
    "fix": _fix_parser,
    "copy": _copy_parser,
    "tag": _tag_parser,
    "delete": _delete_parser,
    "undo": _undo_parser,
    "serve": _serve_parser,
    "registry": _registry_parser,
    "completion": _completion_parser,
}
