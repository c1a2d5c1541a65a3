"""`fanfold check` against servers that mean no good: a sentence that says what came back, the honest exit status, the
siblings unharmed, no hang, and nothing that says "missing" where nobody knows."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.registry.server import Asked, Handler, Reply, error
from tests.support.hostile_server import Hostiles, Registry, dripping, forever, hostiles, silence
from tests.support.images import image, index
from tui import cli, engine
from tui.config import Settings
from tui.oci import media
from tui.registry.clock import Clock
from tui.registry.settings import ClientSettings

Answer = Callable[[Asked], object]
Capture = pytest.CaptureFixture[str]

AMD64, ARM64 = image("linux/amd64"), image("linux/arm64")
BOTH = index(AMD64, ARM64)
MANIFEST = [("Content-Type", media.OCI_MANIFEST)]
BOMB = gzip.compress(b"{" * 50_000_000)


@pytest.fixture(scope="module")
def world() -> Iterator[Hostiles]:
    with hostiles() as made:
        yield made


#: Answers that do not end: what is waited for in vain.
ENDLESS = ("silence", "drip", "HEAD 405, GET 206 without a byte")


@pytest.fixture(autouse=True)
def impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits, in tests' time: less than a second for what takes a minute, where that is waited for; and
    pauses between tries a twentieth as long."""
    make, pause = engine.client_settings, Clock.sleep
    limit = 0.6 if any(f"[{name}]" in request.node.name for name in ENDLESS) else 20.0

    def quick(settings: Settings) -> ClientSettings:
        return replace(make(settings), request_timeout=limit, read_timeout=limit, connect_timeout=limit)

    async def soon(clock: Clock, seconds: float) -> None:
        await pause(clock, seconds / 20)

    monkeypatch.setattr(engine, "client_settings", quick)
    monkeypatch.setattr(Clock, "sleep", soon)


@dataclass
class Checked:
    status: int
    output: str
    seconds: float

    @property
    def document(self) -> dict[str, object]:
        found = json.loads(self.output)
        assert isinstance(found, dict)
        return found


def check(capsys: Capture, *argv: str) -> Checked:
    began = time.monotonic()
    status = cli.main(["check", *argv])
    captured = capsys.readouterr()
    assert captured.err == ""
    return Checked(status, captured.out, time.monotonic() - began)


def told(**parts: object) -> Answer:
    return lambda asked: Reply(**parts)  # type: ignore[arg-type]


@dataclass
class Case:
    name: str
    answer: Answer
    says: str
    status: int = 3
    sibling_status: int = 3
    """The exit status when only one platform's manifest is answered so. `status` 0: a tag may be any manifest."""


CASES = (
    Case("silence", silence, "did not answer within"),
    Case("drip", lambda asked: Reply(200, MANIFEST, chunks=dripping(b"{" * 100)), "did not answer within"),
    Case("endless", lambda asked: Reply(200, MANIFEST, chunks=forever()), "larger than the limit of 4,194,304 bytes"),
    Case("announced", told(headers=MANIFEST, body=b"{}", length=9 * 10**18), "larger than the limit"),
    Case("bomb", told(headers=[*MANIFEST, ("Content-Encoding", "gzip")], body=BOMB), "compressed its answer"),
    Case("headers", told(headers=[(f"X-{n}", "y" * 1000) for n in range(500)]), "invalid HTTP answer"),
    Case("portal", told(headers=[("Content-Type", "text/html")], body=b"<html>sign in"), "answered with a web page"),
    Case("nothing", told(), "answered with nothing instead of the manifest"),
    Case("redirect loop", lambda asked: Reply(307, [("Location", asked.target)]), "without end"),
    Case("redirect to a cloud's secrets", told(status=307, headers=[("Location", "http://169.254.169.254/")]), "link-"),
    Case("redirect to a file", told(status=302, headers=[("Location", "file:///etc/passwd")]), "a refused address"),
    Case("redirect without end of line", told(status=302, headers=[("Location", "\x9b31m/x")]), "a refused address"),
    Case("broken", told(status=500, body=b"\x1b[31moops"), "answered 500"),
    Case("hung up", told(drop=True), "closed the connection before it had answered"),
    Case("cut short", told(headers=MANIFEST, body=b"{", length=500), "broke off before its end"),
    Case("limited", lambda asked: error(429, "TOOMANYREQUESTS", Retry_After="900"), "15 min"),
    Case("denied", lambda asked: error(403, "DENIED", "no \x1b[31m"), "403"),
    Case("no challenge", told(status=401), "does not exist, or you may not see it (401)"),
    Case("odd challenge", told(status=401, headers=[("WWW-Authenticate", 'Negotiate, X="1')]), "401"),
    Case("no JSON", told(headers=MANIFEST, body=b"\xff\xfe{"), "is not a manifest", 1, 1),
    Case("nested", told(headers=MANIFEST, body=b'{"a":' * 100_000), "nests deeper than", 1, 1),
    Case("other bytes", told(headers=MANIFEST, body=image("linux/s390x").raw), "wrong bytes", 0, 1),
)


@pytest.mark.parametrize("case", [case for case in CASES if case.status], ids=lambda case: case.name)
def test_a_tag_that_is_answered_badly(world: Hostiles, capsys: Capture, case: Case) -> None:
    server = world.start(case.answer)  # type: ignore[arg-type]
    done = check(capsys, f"{server.address}/app:latest")
    assert (done.status, case.says in done.output) == (case.status, True), done.output
    assert "is missing" not in done.output
    assert done.seconds < 8
    assert len(server.asked) < 12


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_siblings_of_what_is_answered_badly(world: Hostiles, capsys: Capture, case: Case) -> None:
    registry = Registry().put(BOTH, "latest")
    others: set[str] = set()
    whole = asyncio.Event()

    async def answer(asked: Asked) -> object:
        if str(ARM64.digest) in asked.path:
            if case.name == "limited":
                await whole.wait()  # a 429 makes the whole host rest: its siblings come first
            answered = case.answer(asked)
            return await answered if isinstance(answered, Awaitable) else answered
        others.add(asked.path)
        if len(others) == 5:
            whole.set()
        return registry(asked)

    server = world.start(answer)  # type: ignore[arg-type]
    done = check(capsys, "--json", f"{server.address}/app:latest")
    assert done.status == case.sibling_status, done.output
    pullable = {part["platform"]: part["pullable"] for part in done.document["platforms"]}  # type: ignore[attr-defined]
    unknown = None if case.sibling_status == 3 else False  # JSON's null: nobody knows
    assert pullable == {"linux/amd64": True, "linux/arm64": unknown}
    assert done.document["complete"] is False
    counts = done.document["counts"]
    assert isinstance(counts, dict) and counts["missing"] == 0 and counts["present"] == 5


def test_a_registry_that_says_yes_to_every_blob(world: Hostiles, capsys: Capture) -> None:
    registry = Registry().put(BOTH, "latest")
    server = world.start(lambda asked: Reply(200) if "/blobs/" in asked.path else registry(asked))
    done = check(capsys, f"{server.address}/app:latest")
    assert done.status == 3
    assert "says yes even to a digest that cannot exist" in done.output
    assert "mismatched" not in done.output and "missing" not in done.output


async def _page() -> AsyncIterator[bytes]:
    yield b"<html>sign in</html>"


def _portal(asked: Asked) -> Reply:
    return Reply(200, [("Content-Type", "text/html")], chunks=_page())


BLOB_ANSWERS: dict[str, tuple[Answer, Answer]] = {
    "HEAD is refused (403), GET is a portal": (told(status=403), _portal),
    "HEAD is refused (401), GET is a portal": (told(status=401), _portal),
    "HEAD is refused (405), GET is a portal": (told(status=405), _portal),
    "HEAD 202, GET 203": (told(status=202), told(status=203, body=b"x")),
    "HEAD 204, GET 204": (told(status=204), told(status=204)),
    "HEAD 405, GET 416": (told(status=405), told(status=416)),
    "HEAD 405, GET 206 without a byte": (
        told(status=405),
        told(status=206, headers=[("Content-Range", "bytes 0-0/77")], length=1),
    ),
    "HEAD without a length, GET a text": (told(length=-1), told(headers=[("Content-Type", "text/plain")], body=b"hi")),
}


@pytest.mark.parametrize(("head", "get"), BLOB_ANSWERS.values(), ids=BLOB_ANSWERS)
def test_blobs_that_are_answered_by_a_yes_that_is_none(
    world: Hostiles, capsys: Capture, head: Answer, get: Answer
) -> None:
    """A front that lets manifests through and answers layers by itself: nothing is known of them."""
    registry = Registry().put(BOTH, "latest")
    ours = {str(part.digest) for image in (AMD64, ARM64) for part in image.blobs}

    def answer(asked: Asked) -> object:
        if asked.path.rpartition("/")[2] in ours or ("/blobs/" in asked.path and get is _portal):
            return (head if asked.method == "HEAD" else get)(asked)
        return registry(asked)

    done = check(capsys, "--json", f"{world.start(answer).address}/app:latest")  # type: ignore[arg-type]
    assert done.status == 3, done.output
    counts = done.document["counts"]
    assert isinstance(counts, dict)
    assert (counts["present"], counts["missing"], counts["mismatched"]) == (3, 0, 0), counts


def test_a_head_that_says_that_everything_is_empty(world: Hostiles, capsys: Capture) -> None:
    registry = Registry().put(BOTH, "latest")

    def answer(asked: Asked) -> Reply:
        reply = registry(asked)
        if asked.method == "HEAD" and "/blobs/" in asked.path:
            reply.length = 0
        return reply

    done = check(capsys, f"{world.start(answer).address}/app:latest")
    assert done.status == 0, done.output


def test_a_registry_that_says_yes_and_sends_other_bytes(world: Hostiles, capsys: Capture) -> None:
    """A config of the right length and name, with other content: found because configs are read."""
    registry = Registry().put(BOTH, "latest")

    def lie(asked: Asked) -> Reply:
        answer = registry(asked)
        if "/blobs/" in asked.path:
            answer.body = b"z" * len(answer.body)
        return answer

    done = check(capsys, f"{world.start(lie).address}/app:latest")
    assert done.status == 1
    assert "digest-mismatch" in done.output and "config" in done.output


def test_nobody_there(capsys: Capture) -> None:
    for place, says in (("127.0.0.1:1", "connection refused"), ("nosuch.invalid", "DNS lookup failed")):
        done = check(capsys, f"{place}/app:latest")
        assert done.status == 3 and says in done.output
        assert done.seconds < 15


def test_indexes_within_indexes(world: Hostiles, capsys: Capture) -> None:
    nested = index(AMD64)
    for _ in range(20):
        nested = index(nested)
    server = world.start(Registry().put(nested, "latest"))
    done = check(capsys, f"{server.address}/app:latest")
    assert done.status == 3 and "too-deep" in done.output
    assert len(server.asked) < 30


def test_an_index_of_two_thousand(world: Hostiles, capsys: Capture) -> None:
    entries = [
        {"mediaType": media.OCI_MANIFEST, "digest": f"sha256:{number:064x}", "size": 500, "platform": platform}
        for number in range(2000)
        for platform in ({"os": "linux", "architecture": f"a{number}"},)
    ]
    raw = json.dumps({"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}).encode()
    server = world.start(
        lambda asked: (
            Reply(200, [("Content-Type", media.OCI_INDEX)], raw) if asked.path.endswith("/latest") else error(404, "X")
        )
    )
    done = check(capsys, "--json", f"{server.address}/app:latest")
    assert done.status == 1
    counts = done.document["counts"]
    assert isinstance(counts, dict) and (counts["missing"], counts["present"]) == (2000, 1)


def _tags(names: list[object], **headers: str) -> Handler:
    named = [("Content-Type", "application/json"), *headers.items()]
    return lambda asked: Reply(200, named, json.dumps({"name": "app", "tags": names}).encode())


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (_tags([f"v{number}" for number in range(20_000)]), 0, "20,000 tags"),
        (_tags(["a", "t" * 1_000_000, 7, None, {}, ""]), 0, "not names were left out"),
        (_tags(["a"], Link="<https://evil.example/v2/app/tags/list>; rel=next"), 3, "link to its next page"),
        (
            lambda asked: Reply(200, [("Link", f"<{asked.target}>; rel=next")], b'{"tags":["a"]}'),
            3,
            "repeats its pages",
        ),
        (lambda asked: Reply(200, body=b'{"tags":null}'), 0, "0 tags"),
        (lambda asked: Reply(200, [("Content-Type", "text/html")], b"<html>"), 3, "a web page instead of the list"),
        (lambda asked: Reply(200, chunks=forever(b'["a",' * 5_000)), 3, "larger than the limit"),
        (lambda asked: Reply(200, body=b'{"tags":' + b"[" * 100_000), 3, "list of tags"),
    ],
)
def test_lists_of_tags(world: Hostiles, capsys: Capture, answer: Handler, status: int, says: str) -> None:
    address = world.start(answer).address
    assert cli.main(["tree", f"{address}/app"]) == status
    out, err = capsys.readouterr()
    assert says in out + err
    assert all(len(line) < 2000 for line in out.splitlines())


TAG_LISTS: dict[str, tuple[Answer, str]] = {
    "401": (told(status=401), "401"),
    "403": (lambda asked: error(403, "DENIED", "no listing"), "no listing"),
    "405": (told(status=405), "405"),
    "429": (lambda asked: error(429, "TOOMANYREQUESTS", Retry_After="900"), "limits the rate"),
    "500": (told(status=500), "500"),
    "a page": (told(headers=[("Content-Type", "text/html")], body=b"<html>sign in</html>"), "web page"),
    "a reset": (told(drop=True), "closed the connection"),
    "too much": (lambda asked: Reply(200, chunks=forever(b'["a",' * 5_000)), "larger than the limit"),
    "no JSON": (told(body=b"{"), "list of tags"),
    "nothing on a first page": (
        told(headers=[("Link", "<https://evil.example/>; rel=next")], body=b'{"tags":[]}'),
        "page",
    ),
}


@pytest.mark.parametrize(("answer", "says"), TAG_LISTS.values(), ids=TAG_LISTS)
def test_a_list_of_tags_that_is_refused(world: Hostiles, capsys: Capture, answer: Answer, says: str) -> None:
    """Nobody named a tag, `latest` is not there, and what else is there nobody tells: that is not known, and not
    "nothing can be pulled"."""
    registry = Registry().put(BOTH, "1.0")
    server = world.start(lambda asked: answer(asked) if "/tags/" in asked.path else registry(asked))  # type: ignore[arg-type,return-value]
    done = check(capsys, f"{server.address}/app")
    assert done.status == 3, done.output
    assert "nothing can be pulled" not in done.output
    if says != "limits the rate":  # a host that asks for a rest is not asked for latest again either
        assert "Tag not found: latest" in done.output and "The list of its tags" in done.output
    assert says in done.output
    assert ("docker login" in done.output) is (says in ("401", "no listing")), done.output
    before = server.count()
    told_as_json = check(capsys, "--json", f"{server.address}/app")
    assert told_as_json.status == 3
    assert told_as_json.document["requests"] == server.count() - before > 0
    assert told_as_json.document["complete"] is False
    counts = told_as_json.document["counts"]
    assert isinstance(counts, dict) and counts["missing"] == 0


def test_a_list_of_tags_that_is_refused_where_latest_is_there(world: Hostiles, capsys: Capture) -> None:
    registry = Registry().put(BOTH, "latest")
    server = world.start(lambda asked: Reply(403) if "/tags/" in asked.path else registry(asked))
    assert check(capsys, f"{server.address}/app").status == 0


def test_a_repository_that_nobody_knows_is_missing(world: Hostiles, capsys: Capture) -> None:
    server = world.start(lambda asked: error(404, "NAME_UNKNOWN"))
    assert check(capsys, f"{server.address}/app").status == 1


@pytest.mark.parametrize("command", ["check", "check --json", "check --markdown", "tree", "create --dry-run x:1"])
def test_a_login_that_is_echoed(
    world: Hostiles, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """By words, by a warning and by a challenge: nothing of it in what is printed, and nothing in the log file."""
    password = "hunter2-PASSWORD"
    sent = base64.b64encode(f"alice:{password}".encode()).decode()

    def echo(asked: Asked) -> Reply:
        challenge = ("WWW-Authenticate", f'Basic realm="{password}", error="{asked.login}"')
        if not asked.login:
            return Reply(401, [challenge])
        answer = error(403, "DENIED", f"{asked.login} is {password}")
        answer.headers += [challenge, ("Warning", f'299 - "{asked.login} {password}"')]
        return answer

    server = world.start(echo)
    (tmp_path / "config.json").write_text(json.dumps({"auths": {server.address: {"auth": sent}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    log = tmp_path / "log.jsonl"
    name, *options = command.split()
    words = [word.replace("x:1", f"{server.address}/app:new") for word in options]
    assert cli.main([name, "--log", str(log), *words, f"{server.address}/app:1.0"]) == 3
    captured = capsys.readouterr()
    assert any(asked.login for asked in server.asked)
    assert log.read_text()
    for text in (captured.out, captured.err, log.read_text()):
        assert password not in text and sent not in text
    assert "403" in captured.out + captured.err
