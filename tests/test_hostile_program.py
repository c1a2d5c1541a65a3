"""The program as it is run in a hostile world: TLS, thieves of logins, what cannot be written, terminals that cannot
draw, Ctrl-C in the middle of a push."""

from __future__ import annotations

import base64
import bz2
import json
import lzma
import os
import re
import signal
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.app.terminal import screen_of
from tests.registry.server import Asked, Handler, Reply, jsoned
from tests.support import program
from tests.support.gallery import served as gallery
from tests.support.hostile_server import Hostiles, Registry, hostiles
from tests.support.images import image
from tests.support.peers import need
from tests.support.program import REAL
from tui.demo.faults import slow_down

pytestmark = pytest.mark.slow

SECRET = "hunter2-is-secret"
LOGIN = base64.b64encode(f"learner:{SECRET}".encode()).decode()


@pytest.fixture(scope="module")
def world() -> Iterator[Hostiles]:
    with hostiles() as made:
        yield made


def run(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    done = program.run(*argv, **environ)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def log_in(address: str, auth: str = LOGIN) -> None:
    """Store a login as `docker login` does."""
    folder = Path(os.environ["DOCKER_CONFIG"])
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": {address: {"auth": auth}}}))


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(world: Hostiles, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, Path]]:
    """Start a registry with a self-signed certificate for a name; its address, and the certificate's file."""
    need("openssl")

    def start(name: str) -> tuple[str, Path]:
        folder = tmp_path_factory.mktemp("tls")
        words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x"
        subprocess.run(
            ["openssl", *words.split(), "-addext", f"subjectAltName={name}", "-keyout", "key", "-out", "cert"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=30,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert", folder / "key")
        server = world.start(Registry().put(image("linux/amd64"), "latest"), context)
        return server.address, folder / "cert"

    return start


@pytest.mark.parametrize(("name", "trusted"), [("IP:127.0.0.1", True), ("DNS:other.example", False)])
def test_certificates(secure: Callable[[str], tuple[str, Path]], tmp_path: Path, name: str, trusted: bool) -> None:
    address, certificate = secure(name)
    image = f"{address}/app:latest"
    config = tmp_path / "config.toml"
    config.write_text(f'[hosts."{address}"]\nca = "{certificate}"\n')
    runs = ([image], [image, "--config", str(config)], ["--insecure", address, image])
    with ThreadPoolExecutor() as pool:  # all at once: each waits between its tries
        plain, named, insecure = pool.map(lambda words: run("check", *words), runs)
    assert plain.returncode == 3 and "if it speaks TLS, write https:// before its name" in plain.stdout
    assert named.returncode == (0 if trusted else 3), named.stdout
    assert trusted or "could not be trusted" in named.stdout
    assert insecure.returncode == 0


def test_plain_http_where_tls_was_expected() -> None:
    with gallery() as served:
        done = run("check", "--insecure", served.address, f"{served.address}/library/hello:1")
    assert done.returncode == 3
    assert "--plain-http" in done.stdout


# --- logins ----------------------------------------------------------------------------------------------------------


def test_logins_right_wrong_and_none() -> None:
    with gallery() as served:
        reference = f"{served.address}/gallery/private:latest"
        assert run("check", reference).returncode == 3
        log_in(served.address)
        wrong = run("check", reference)
        assert wrong.returncode == 3 and "docker login" in wrong.stdout
        assert "stored login" in wrong.stderr, "that it was the login is said too"
        log_in(served.address, "no base64!")
        garbled = run("check", reference)
        assert garbled.returncode == 3 and "config.json cannot be read" in garbled.stderr
        log_in(served.address, base64.b64encode(b"learner:fanfold").decode())
        assert run("check", reference).returncode == 0
    assert SECRET not in wrong.stdout + wrong.stderr


class Thief:
    """Answers everything, and remembers what it was told."""

    def __call__(self, asked: Asked) -> Reply:
        if "token" in asked.path:
            return jsoned({"token": "stolen", "access_token": "stolen"})
        return Reply(200, [("Content-Type", "application/vnd.oci.image.manifest.v1+json")], image("linux/amd64").raw)


def _redirecting(thief: str) -> Handler:
    return lambda asked: Reply(307, [("Location", f"http://{thief}{asked.target}")])


def _linking(thief: str) -> Handler:
    link = ("Link", f"<http://{thief}/v2/app/tags/list?last=a>; rel=next")
    return lambda asked: Reply(200, [("Content-Type", "application/json"), link], b'{"tags":["a"]}')


def _uploading(thief: str) -> Handler:
    """Lacks every blob, and would have the upload go elsewhere."""
    registry = Registry()

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            return Reply(202, [("Location", f"http://{thief}/v2/app/blobs/uploads/1")])
        return registry(asked)

    return answer


@pytest.mark.parametrize("lure", [_redirecting, _linking, _uploading], ids=["redirect", "link", "upload"])
def test_no_login_goes_to_a_thief(world: Hostiles, lure: Callable[[str], Handler], tmp_path: Path) -> None:
    thief = world.start(Thief())
    answer = lure(thief.address)

    def registry(asked: Asked) -> object:
        if asked.login != f"Basic {LOGIN}":
            return Reply(401, [("WWW-Authenticate", 'Basic realm="x"')])
        return answer(asked)

    server = world.start(registry)  # type: ignore[arg-type]
    honest = world.start(Registry().put(image("linux/amd64"), "latest"))
    log_in(server.address)
    log = tmp_path / "log"
    outputs = [
        run("check", f"{server.address}/app:latest", "--log", str(log)),
        run("tree", f"{server.address}/app", "--log", str(log)),
        run("create", f"{server.address}/app:new", f"{honest.address}/app:latest", "--log", str(log)),
    ]
    assert any(asked.login for asked in server.asked), "the login was used where it belongs"
    for asked in thief.asked:
        told = f"{asked.target} {asked.headers} {asked.body!r}"
        assert LOGIN not in told and SECRET not in told and "authorization" not in asked.headers
    shown = "".join(done.stdout + done.stderr for done in outputs) + log.read_text()
    assert LOGIN not in shown and SECRET not in shown


# --- files, pipes, terminals, signals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "= 1",
        "theme = 5",
        "nosuch = 1",
        "[hosts.x]\nhead = 3",
        '[keys]\nup = "ctrl+m"',
        "\x00",
        "\ufeff[",
        "concurrency=0",
    ],
)
def test_a_configuration_that_is_none(tmp_path: Path, content: str) -> None:
    from tui import cli

    config = tmp_path / "config.toml"
    config.write_text(content)
    with pytest.raises(SystemExit) as caught:
        cli.main(["check", "--config", str(config), "127.0.0.1:1/app"])
    assert caught.value.code == 2


def test_what_cannot_be_written(tmp_path: Path) -> None:
    """A log that is a folder; a journal folder that is a file: said, before anything is pushed or after it worked."""
    assert run("check", "--log", str(tmp_path), "127.0.0.1:1/app:1").returncode == 2
    assert run("check", "--log", "/proc/nosuch/log", "127.0.0.1:1/app:1").returncode == 2
    blocked = tmp_path / "state"
    blocked.write_text("a file where a folder should be")
    with gallery() as served:
        source, target = (f"{served.address}/library/hello:{tag}" for tag in ("1", "again"))
        done = run("create", target, source, XDG_STATE_HOME=str(blocked), XDG_DATA_HOME=str(blocked))
        holds = served.call(lambda store: store.repository("library/hello").tags.get("again"))
    pushed = re.fullmatch(r"sha256:[0-9a-f]{64}\n", done.stdout) is not None
    assert pushed == (holds is not None) == (done.returncode == 0), done.stderr
    assert done.stderr.strip()


def test_output_that_goes_nowhere() -> None:
    with gallery() as served, open("/dev/full", "w") as full:
        done = subprocess.run(
            [*REAL, "tree", f"{served.address}/library/hello:1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=50,
        )
    assert done.returncode == 3, "1 would say that something is missing"
    assert done.stderr == "fanfold: the output could not be written: No space left on device.\n"


@pytest.mark.parametrize(
    "words", ["--version", "--help", "tree SOURCE", "check SOURCE", "check --json SOURCE", "registry"]
)
def test_a_closed_stdout_is_said_and_means_nothing_else(words: str) -> None:
    with gallery() as served:
        line = f"{' '.join(REAL)} {words} >&-".replace("SOURCE", f"{served.address}/library/hello:1")
        done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, timeout=50)
    assert done.stderr == "fanfold: the output could not be written: stdout is closed.\n"
    assert done.returncode == 3


@pytest.mark.parametrize("to", ["2>&-", "2>/dev/full", "0<&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "status"),
    [("check library/hello:1", 0), ("check sandbox:0.16-edge", 1), ("create library/hello:2 nosuch:1", 1),
     ("check --nosuch library/hello:1", 2), ("check gallery/private:latest", 3), ("demo", 2), ("chekc", 2)],
)  # fmt: skip
def test_a_closed_stderr_changes_nothing(words: str, status: int, to: str) -> None:
    with gallery() as served:
        command, *named = (word if ":" not in word else f"{served.address}/{word}" for word in words.split())
        line = f"{' '.join([*REAL, command, *named])} {to}"
        done = subprocess.run(["sh", "-c", line], stdout=subprocess.PIPE, text=True, timeout=50)
    assert done.returncode == status
    assert bool(done.stdout) == (command == "check" and status != 2), "no sentence for stderr goes to stdout instead"


def test_everything_closed() -> None:
    line = f"{' '.join(REAL)} check 127.0.0.1:1/app:1 0<&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", line], timeout=50).returncode == 3


def test_a_fault_of_ours_is_no_finding(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    from tui import cli
    from tui.commands import check

    def broken(*_: object) -> int:
        password = SECRET
        raise KeyError(password)

    monkeypatch.setattr(check, "run", broken)
    assert cli.main(["check", "127.0.0.1:1/app:1"]) == 70
    said = capfd.readouterr()
    assert said.out == "" and SECRET not in said.err and "Traceback" not in said.err
    assert said.err.startswith("fanfold: Internal error (KeyError). Please report it.\n")
    assert "tests/test_hostile_program.py:" in said.err and "in broken" in said.err


def test_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers: the home is no folder. What needs none works, the rest says what it could not do."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    with gallery() as served:
        source = f"{served.address}/library/hello:1"
        assert run("check", source, HOME="/dev/null").returncode == 0
        assert run("tree", source, HOME="/dev/null").returncode == 0
        pushed = run("create", f"{served.address}/library/hello:again", source, HOME="/dev/null")
        assert pushed.returncode == 1 and "/dev/null/.local/state" in pushed.stderr
    assert "/dev/null/.docker" in run("tree", "docker-manifests:", HOME="/dev/null").stdout


def test_a_log_behind_symlinks(tmp_path: Path) -> None:
    real, link, loop = tmp_path / "real.log", tmp_path / "link", tmp_path / "loop"
    link.symlink_to(real)
    loop.symlink_to(loop)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone" / "x")
    assert run("check", "--log", str(link), "127.0.0.1:1/app:1").returncode == 3
    assert "127.0.0.1:1" in real.read_text() and real.stat().st_mode & 0o077 == 0
    for bad in (loop, tmp_path / "nowhere", loop / "x"):
        done = run("check", "--log", str(bad), "127.0.0.1:1/app:1")
        assert done.returncode == 2 and f"The log file {bad} cannot be written" in done.stderr


@pytest.mark.parametrize("text", ["a = " + "[" * 5000 + "]" * 5000, "a = " + "{a=" * 3000 + "1" + "}" * 3000])
def test_a_lesson_that_nests_too_deep(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep.toml").write_text(text)
    with screen_of("demo", str(tmp_path / "deep.toml")) as screen:
        screen.until("nests too deep")
        assert screen.process.wait(10) == 2
        assert "Traceback" not in screen.output


@pytest.mark.parametrize(
    ("word", "meant"),
    [("chekc", "check"), ("Check", "check"), ("treee", "tree"), ("demos", "demo"), ("creat", "create")],
)
def test_a_mistyped_command_is_asked_for_nowhere(word: str, meant: str) -> None:
    done = run(word, "127.0.0.1:1/app:1")
    assert done.returncode == 2 and done.stdout == ""
    assert f"Unknown command {word}; did you mean {meant}?" in done.stderr


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize(
    ("compress", "said"), [(bz2.compress, "bzip2; unpack it to a plain tar (bunzip2)"), (lzma.compress, "xz;")]
)
def test_a_compressed_archive_is_named(
    tmp_path: Path, kind: str, compress: Callable[[bytes], bytes], said: str
) -> None:
    (tmp_path / "a.tar.x").write_bytes(compress(b"x" * 10240))
    done = run("check", f"{kind}:{tmp_path / 'a.tar.x'}")
    assert done.returncode == 3 and f"it is compressed with {said}" in done.stdout


@pytest.mark.parametrize(
    "environ", [{"TERM": "dumb"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "latin-1"}]
)
def test_terminals_that_cannot_draw(environ: dict[str, str]) -> None:
    with gallery() as served:
        for argv in (["tree"], [], ["check"]):
            done = run(*argv, f"{served.address}/sandbox:0.16-edge", **environ)
            assert done.returncode == 1, done.stderr
            assert "layer" in done.stdout and "\x1b" not in done.stdout


def test_ctrl_c_in_a_push_leaves_the_tag_alone() -> None:
    with gallery() as served:
        sources = [f"{served.address}/sandbox:0.16-edge-{machine}" for machine in ("amd64", "arm64")]
        before = served.call(lambda store: store.repository("sandbox").tags["0.16-edge"])
        served.call(lambda store: slow_down(store, "sandbox", 0.4))
        piped = program.Piped(["create", f"{served.address}/sandbox:0.16-edge", *sources])
        end = time.monotonic() + 20
        while not served.call(lambda store: len(store.requests)) and time.monotonic() < end:
            time.sleep(0.02)
        piped.process.send_signal(signal.SIGINT)
        out, err = piped.communicate(timeout=60)
        after = served.call(lambda store: store.repository("sandbox").tags["0.16-edge"])
    assert piped.process.returncode == 130 and out == ""
    assert "Traceback" not in err
    assert before == after
