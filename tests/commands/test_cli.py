"""The command line: what is handed over, and what is refused with which exit status."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import types
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tui import __main__, __version__, cli
from tui.commands import arguments, check, create, output, registry, tree
from tui.commands.writing import Console
from tui.config import Settings
from tui.explore.choice import Choice
from tui.oci.platform import Platform
from tui.sources.spec import SourceSpec

Calls = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the handlers would have called; nothing is drawn or asked."""
    made: Calls = []

    def stand_in(function: str) -> Callable[..., int]:
        def record(*args: Any, **options: Any) -> int:
            made.append((function, args, options))
            return 0

        return record

    def stand_in_async(function: str) -> Callable[..., Awaitable[int]]:
        async def record(*args: Any, **options: Any) -> int:
            return stand_in(function)(*args, **options)

        return record

    main = types.ModuleType("tui.app.main")
    main.run_app = stand_in("run_app")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tui.app.main", main)
    monkeypatch.setattr(check, "run_check", stand_in_async("run_check"))
    monkeypatch.setattr(tree, "run_tree", stand_in_async("run_tree"))
    monkeypatch.setattr(create, "run_create", stand_in_async("run_create"))
    monkeypatch.setattr(registry, "run_registry", stand_in("run_registry"))
    return made


def texts(sources: Sequence[SourceSpec]) -> list[str]:
    return [source.text for source in sources]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "has_terminal", lambda: True)


def refused(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What stderr says when these arguments are refused, with exit status 2."""
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == arguments.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.mark.usefixtures("terminal")
def test_plain_prints_sentences_even_on_a_terminal(calls: Calls, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--plain", "ubuntu"]) == 0
    ((name, args, options),) = calls
    assert (name, texts(args[1]), options["form"]) == ("run_tree", ["ubuntu"], "plain")
    assert "Nothing is drawn with --plain; name a SOURCE" in refused(["--plain"], capsys)
    for command, spelling in (("tree", ["--plain"]), ("check", ["--format", "plain"])):
        assert arguments.read([command, "ubuntu", *spelling])[2].output == "plain"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("argv", "sources"),
    [
        ([], []),
        (["ubuntu"], ["ubuntu"]),
        (["ubuntu", "--ascii", "ghcr.io/a/b"], ["ubuntu", "ghcr.io/a/b"]),
        (["--", "demo"], ["demo"]),
        (["ubuntu", "--", "demo", "check"], ["ubuntu", "demo", "check"]),
        (["ubuntu", "demo"], ["ubuntu", "demo"]),
        (["--plain-http", "demo", "ubuntu"], ["ubuntu"]),
        (["--plain-http=demo", "ubuntu"], ["ubuntu"]),
    ],
)
def test_the_screen_is_the_default(calls: Calls, argv: list[str], sources: list[str]) -> None:
    assert cli.main(argv) == 0
    [(function, (settings, given), options)] = calls
    assert (function, texts(given), options) == ("run_app", sources, {})
    assert isinstance(settings, Settings)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("argv", "lesson"), [(["demo"], None), (["demo", "fan-out"], "fan-out"), (["--ascii", "demo"], None)]
)
def test_demo(calls: Calls, argv: list[str], lesson: str | None) -> None:
    assert cli.main(argv) == 0
    [(function, args, options)] = calls
    assert (function, tuple(args[1]), options) == ("run_app", (), {"demo": True, "lesson": lesson})


@pytest.mark.parametrize("before", [True, False])
def test_common_options_stand_before_or_after_the_subcommand(calls: Calls, before: bool, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.touch()
    config = tmp_path / "config.toml"
    config.write_text('[hosts."lan:1"]\nhead = false')
    common = ["--plain-http", "LAN:1", "--plain-http", "lan:2", "--insecure", "lan:3", "--ca", str(ca)]
    common += ["--concurrency", "4", "--read-only", "--ascii", "--config", str(config), "--log", "x.log", "--no-cache"]
    argv = [*common, "tree", "ubuntu"] if before else ["tree", *common, "ubuntu"]
    assert cli.main(argv) == 0
    [(function, (settings, sources), _)] = calls
    assert (function, texts(sources)) == ("run_tree", ["ubuntu"])
    assert settings.host("lan:1").plain_http and not settings.host("lan:1").head
    assert settings.host("lan:2").plain_http
    assert settings.tls_on_loopback, "an authority that was named for this run is for loopback too"
    assert settings.host("lan:3").insecure
    assert (settings.ca, settings.concurrency, settings.log) == (ca, 4, Path("x.log"))
    assert settings.read_only and settings.ascii and not settings.cache
    assert settings.file == config


def test_check(calls: Calls) -> None:
    assert cli.main(["check", "a", "--platform", "arm64", "b", "--platform=linux/amd64", "--json"]) == 0
    [(function, (_, sources), options)] = calls
    assert (function, texts(sources)) == ("run_check", ["a", "b"])
    arm64, amd64 = Platform("linux", "arm64"), Platform("linux", "amd64")
    shown = {"output": "json", "colour": "auto", "quiet": False, "only_broken": False}
    assert options == {"choice": Choice((arm64, amd64)), "deep": None, **shown}
    calls.clear()
    assert cli.main(["check", "a", "--expect", "arm64, linux/amd64", "--expect=linux/s390x"]) == 0
    assert calls[0][2]["choice"] == Choice((), (arm64, amd64, Platform("linux", "s390x")))
    assert cli.main(["check", "a"]) == 0
    assert calls[-1][2]["output"] == "text"
    assert cli.main(["check", "--markdown", "a"]) == 0
    assert calls[-1][2]["output"] == "markdown"
    for form in arguments.FORMS:
        assert cli.main(["check", "a", "--format", form, "--color=never", "--quiet", "--only-broken"]) == 0
        assert calls[-1][2] | {"choice": None} == {
            "choice": None,
            "deep": None,
            "output": form,
            "colour": "never",
            "quiet": True,
            "only_broken": True,
        }


def test_create(calls: Calls) -> None:
    argv = ["create", "localhost:5000/app:1", "a", "b", "--amend", "--remove", "arm64", "--annotation", "k=v=w"]
    argv += [
        "--platform",
        "linux/amd64",
        "--entry-annotation",
        "linux/arm64",
        "org.x/y:z=v=w",
        "--tag",
        "2",
        "--tag",
        "3",
    ]
    assert cli.main([*argv, "--type", "oci", "--dry-run", "--json", "--read-only"]) == 0
    [(function, args, options)] = calls
    assert (function, args[1].text, texts(args[2])) == ("run_create", "localhost:5000/app:1", ["a", "b"])
    assert isinstance(options.pop("console"), Console)
    assert options == {
        "amend": True,
        "remove": (Platform("linux", "arm64"),),
        "annotations": {"k": "v=w"},
        "platforms": (Platform("linux", "amd64"),),
        "entry_annotations": [(Platform("linux", "arm64"), "org.x/y:z", "v=w")],
        "tags": ("2", "3"),
        "type": "oci",
        "dry_run": True,
        "json": True,
    }


def test_amending_needs_no_source(calls: Calls) -> None:
    assert cli.main(["create", "app:1", "--amend", "--remove", "arm64"]) == 0
    assert list(calls[0][1][2]) == []


def test_registry(calls: Calls) -> None:
    assert cli.main(["registry", "--port", "0"]) == 0
    assert cli.main(["registry"]) == 0
    assert [call[1] for call in calls] == [(0,), (5005,)]


def test_bookmarks_stand_in_for_sources(calls: Calls, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('bookmarks = ["ubuntu"]')
    assert cli.main(["tree", "--config", str(config)]) == 0
    assert texts(calls[0][1][1]) == ["ubuntu"]


@pytest.mark.usefixtures("calls")
@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["tree"], "Name at least one SOURCE."),
        (["check", "Ubuntu"], "must be lower case"),
        (["check", "ubuntu", "--platform", "linux"], "os/architecture"),
        (["check", "ubuntu", "--json", "--markdown"], "not allowed with"),
        (["check", "oci:"], "names no path"),
        (["check", "--js", "ubuntu"], "--js"),
        (["create", "app:1"], "Name a TARGET and at least one SOURCE."),
        (["create"], "Name a TARGET"),
        (["create", "app:1", "--amend"], "Name what to change: a SOURCE, --remove, --platform"),
        (["check", "app", "--expect", ","], "--expect: “” is not a platform"),
        (["create", "app:1", "a", "--platform", "a b"], "--platform: “a b” is not a platform"),
        (["fix", "app:1", "--from", ""], "--from: An image reference is missing"),
        (["tag", "app:1", "a b"], "“a b” is not a tag"),
        (["tag", "oci:/tmp/x", "2"], "oci:/tmp/x: name a tag or a digest in a registry"),
        (["undo", "app"], "app: name a tag in a registry"),
        (["serve", "--host", ""], "--host: name an address"),
        (["--config", "", "tree", "a"], "--config: name a file"),
        (["--log", "", "tree", "a"], "--log: name a file"),
        (["--ca", "/", "tree", "a"], "--ca: / is a folder"),
        (["create", "app:1", "a", "--read-only"], "--read-only forbids writing"),
        (["create", "app:1", "a", "--annotation", "novalue"], "KEY=VALUE"),
        (["create", "app:1", "a", "--entry-annotation", "linux/arm64", "novalue"], "takes P and KEY=VALUE"),
        (["create", "app:1", "a", "--entry-annotation", "x/y/z/w", "k=v"], "os/architecture"),
        (["create", "app:1", "a", "--tag", "a/b"], "the name of a tag"),
        (["create", "app:1", "a", "--type", "schema1"], "invalid choice"),
        (["create", "app:1", "a", "--remove", "x/y/z/w"], "os/architecture"),
        (["fix"], "Name one SOURCE"),
        (["fix", "app:1", "app:2"], "Name one SOURCE"),
        (["fix", "oci:/tmp/x"], "Name an image or a repository in a registry"),
        (["fix", "localhost:5000/"], "Name an image or a repository in a registry"),
        (["fix", "app:1", "--read-only"], "--read-only forbids writing"),
        (["fix", "app:1", "--from", "App"], "must be lower case"),
        (["copy", "a"], "Name a SOURCE and a TARGET"),
        (["copy", "a", "oci:/tmp/x"], "oci:/tmp/x: name a tag in a registry"),
        (["tag", "app:1"], "Name a SOURCE and a TAG"),
        (["tag", "app", "2"], "app: name a tag or a digest"),
        (["delete", "app:1"], "--yes deletes"),
        (["delete", "app", "--yes"], "name a tag or a digest"),
        (["undo", "app:1", "x"], "Name one TARGET"),
        (["undo", "app:1", "--read-only"], "--read-only forbids writing"),
        (["registry", "x"], "takes no arguments"),
        (["registry", "--port", "65536"], "between 0"),
        (["registry", "--port", "٣"], "between 0"),
        (["demo", "a", "b"], "at most one lesson"),
        (["demo"], "needs a terminal"),
        ([], "No terminal"),
        (["--concurrency", "0", "tree", "a"], "between 1 and 256"),
        (["--config", "/nowhere/x.toml", "tree", "a"], "does not exist"),
        (["--ca", "/nowhere/ca.pem", "tree", "a"], "no such file: /nowhere/ca.pem"),
        (["--plain-http", "a/b", "tree", "a"], "not a registry"),
        (["--insecure", "u:p@x.io", "tree", "a"], "user name or password"),
        (["tree", "\x1b[31m"], "\\x1b[31m"),
        (["--nonsense\x1b"], "\\x1b"),
    ],
)
def test_wrong_usage_is_status_2_and_one_clear_line(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = refused(argv, capsys)
    assert words in text
    assert "Traceback" not in text and "\x1b" not in text
    assert "--help" in text


@pytest.mark.parametrize("argv", [["--help"], ["check", "--help"], ["-h"], ["create", "-h"], ["demo", "-h"]])
def test_help_goes_to_stdout(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(argv)
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "--plain-http HOST" in out and "--version" in out


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    out = capsys.readouterr().out
    for word in ("demo", "tree", "check", "create", "fix", "registry", "oci:PATH[:TAG]", "fanfold -- NAME"):
        assert word in out


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_gets_the_plain_tree(calls: Calls, term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", term)
    assert cli.main(["ubuntu"]) == 0
    assert calls[0][0] == "run_tree"
    monkeypatch.setenv("TERM", "xterm")
    assert cli.main(["ubuntu"]) == 0
    assert calls[1][0] == "run_app"


def test_a_pipe_gets_the_plain_tree(calls: Calls) -> None:
    assert cli.main(["ubuntu"]) == 0
    assert calls[0][0] == "run_tree"


def test_ctrl_c_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_command", lambda _name: interrupted)
    monkeypatch.setattr(sys, "argv", ["fanfold", "tree", "a"])
    assert __main__.main() == 130


def run(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tui", *argv], text=True, capture_output=True, timeout=30, **options)


@pytest.mark.slow
def test_the_program_itself() -> None:
    version = run("--version")
    assert (version.returncode, version.stdout, version.stderr) == (0, f"fanfold {__version__}\n", "")
    wrong = run("check", "Ubuntu")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "must be lower case" in wrong.stderr


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_traceback() -> None:
    script = (
        "import sys; from tui import cli; from tui.commands.output import out; "
        "cli._command = lambda _: lambda *_: out('x' * 100_000) or 0; "
    )
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script + "sys.exit(cli.main(['tree', 'a']))"],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.slow
def test_a_terminal_that_knows_ascii_only_gets_escapes_and_no_traceback() -> None:
    done = run("--help", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "app@sha256:...)" in done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "{}@127.0.0.1:1/app",
        "https://{}@127.0.0.1:1/app",
        "docker://{}@127.0.0.1:1/a:1",
        "{}@127.0.0.1:1/",
        "{}@127.0.0.1:1",
        "{}@h.example/app@sha256:0",
        f"{{}}@h.example/app@sha256:{'0' * 64}",
    ],
)
@pytest.mark.parametrize("login", ["alice:PASSWORD", "alice:PASS/PASSWORD", "alice:PASS@PASSWORD", "PASSWORD-token"])
def test_a_password_that_was_typed_is_not_repeated(login: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    typed = name.format(login)
    for argv in (
        ["check", typed],
        ["check", "--json", typed],
        ["tree", typed],
        [typed],
        ["create", "--dry-run", "127.0.0.1:1/x", typed],
        ["check", "127.0.0.1:1/x", "--plain-http", typed],
        ["check", "127.0.0.1:1/x", f"--nosuch={typed}"],
    ):
        try:
            status = cli.main(argv)
        except SystemExit as end:
            assert isinstance(end.code, int)
            status = end.code
        captured = capsys.readouterr()
        assert status == 2, argv
        assert "PASSWORD" not in captured.out + captured.err


def test_the_collector_walks_less_often_while_a_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int, int]] = []
    before = gc.get_threshold()

    def command(options: object, settings: object) -> int:
        seen.append(gc.get_threshold())
        return 0

    monkeypatch.setattr(cli, "_command", lambda name: command)
    gc.set_threshold(700, 10, 10)
    try:
        assert cli.main(["check", "app:1"]) == 0
        assert gc.get_threshold() == (700, 10, 10)
    finally:
        gc.set_threshold(*before)
    assert seen[0][0] >= 10_000 and seen[0][2] <= 10, "old rows that nobody holds are found all the same"


@pytest.mark.parametrize(
    ("command", "option", "most"),
    [("tree", "--depth", 1000), ("registry", "--port", 65535), ("check", "--concurrency", 256)],
)
def test_a_number_is_read_to_its_end(command: str, option: str, most: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Zeros before it must not hide that it is too large."""
    with pytest.raises(SystemExit) as ended:
        arguments.read([command, option, f"{0:09}{most + 1}"])
    assert ended.value.code == 2 and f"argument {option}: must be a number" in capsys.readouterr().err
    assert arguments.read([command, option, str(most)])[0] == command


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("check", ["--platform", "tree", "check"]),
        ("fix", ["--from", "team/app", "fix"]),
        ("create", ["--entry-annotation", "linux/arm64", "a=b", "create"]),
        ("delete", ["--yes", "delete"]),
    ],
)
def test_what_an_option_takes_is_not_the_command(command: str, words: list[str]) -> None:
    name, _, options = arguments.read([*words, "app:1"])
    assert (name, options.words) == (command, ["app:1"])


def test_every_option_before_a_command_is_passed_over_with_its_values() -> None:
    for name, make in arguments._PARSERS.items():
        for action in make()._actions:
            values = 1 if action.nargs is None else int(action.nargs) if isinstance(action.nargs, int) else 0
            for option in action.option_strings:
                words = [option, *["tree"] * values, name or "check"]
                assert arguments._command(words)[0] == (name or "check"), words
