"""The program as it is run: processes, pipes, signals, exit statuses, against the embedded registry."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gallery import served as gallery_served
from tests.support.program import REAL, Piped, run
from tui.demo.faults import slow_down
from tui.demo.samples import broken, hello
from tui.demo.serve import Served
from tui.demo.store import Store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with gallery_served() as running:
        yield running


@pytest.mark.parametrize(
    ("image", "status"),
    [
        ("library/hello:1", 0),
        ("sandbox:0.16-edge", 1),
        ("nosuch:1", 1),
        ("gallery/private:latest", 3),
        ("Upper:1", 2),
    ],
)
def test_check_tells_scripts_what_it_found(served: Served, image: str, status: int) -> None:
    done = run("check", f"{served.address}/{image}", "--json")
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    if status == 2:
        assert done.stdout == ""
    else:
        assert json.loads(done.stdout)["complete"] is (status == 0)
        assert done.stderr == ""


def test_nobody_there_is_not_missing() -> None:
    assert run("check", "127.0.0.1:1/app:1").returncode == 3


def test_several_sources_give_the_worst_status(served: Served) -> None:
    done = run("check", f"{served.address}/library/hello:1", f"{served.address}/sandbox:0.16-edge", "--json")
    assert done.returncode == 1
    assert [document["complete"] for document in json.loads(done.stdout)] == [True, False]


def test_ascii_is_ascii_and_json_stays_json(served: Served) -> None:
    hostile = f"{served.address}/gallery/hostile:latest"
    for argv in (
        ("check", "--ascii", hostile),
        ("check", "--ascii", "--markdown", hostile),
        ("tree", "--ascii", hostile),
    ):
        assert run(*argv).stdout.isascii()
    plain, escaped = (run("check", "--json", hostile, *more).stdout for more in ((), ("--ascii",)))
    assert escaped.isascii()
    wanted, found = json.loads(plain), json.loads(escaped)
    assert {key: found[key] for key in found if key != "requests"} == {
        key: wanted[key] for key in wanted if key != "requests"
    }


def test_a_pipe_gets_the_tree(served: Served) -> None:
    argv = [*REAL, "--ascii", f"{served.address}/sandbox:0.16-edge"]
    done = subprocess.run(argv, text=True, capture_output=True, timeout=50, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "layer 2" in done.stdout and "missing" in done.stdout
    assert done.stdout.isascii()
    assert run("tree", f"{served.address}/sandbox:0.16-edge", "--ascii").stdout == done.stdout


def test_create_prints_the_digest_alone_and_leaves_what_is_refused_alone(served: Served) -> None:
    sources = [f"{served.address}/sandbox:0.16-edge-{machine}" for machine in ("amd64", "arm64")]
    dry = run("create", f"{served.address}/sandbox:made", *sources, "--dry-run")
    assert dry.returncode == 0
    assert run("check", f"{served.address}/sandbox:made").returncode == 1
    done = run("create", f"{served.address}/sandbox:made", *sources)
    assert done.returncode == 0
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", done.stdout)
    assert run("check", f"{served.address}/sandbox:made").returncode == 0
    refused = run("create", f"{served.address}/other:1", f"{served.address}/sandbox:0.16-edge")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "was not found" in refused.stderr
    assert run("create", "--read-only", f"{served.address}/sandbox:made", *sources).returncode == 2


def test_the_log_says_what_was_asked(served: Served, tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    done = run("check", f"{served.address}/sandbox:0.16-edge", "--log", str(log))
    assert done.returncode == 1
    lines = log.read_text().splitlines()
    assert any("  request   GET  http://" in line and "/v2/sandbox/manifests/0.16-edge" in line for line in lines)
    assert any("  presence  sandbox  sha256:" in line and "missing" in line for line in lines)
    assert run("check", f"{served.address}/library/hello:1", "--log", str(tmp_path)).returncode == 2


def test_ctrl_c_ends_a_check_at_once_and_quietly(served: Served) -> None:
    served.call(lambda store: slow_down(store, "library/hello", 5.0))
    try:
        asked = served.call(lambda store: store.served)
        program = Piped(["check", f"{served.address}/library/hello:1"])
        end = time.monotonic() + 30
        while served.call(lambda store: store.served) == asked and time.monotonic() < end:
            time.sleep(0.02)
        program.process.send_signal(signal.SIGINT)  # while it waits for the first answer
        out, err = program.communicate(timeout=60)
    finally:
        served.call(lambda store: slow_down(store, "library/hello", 0.0))
    assert (program.process.returncode, out, err) == (130, "", "")


def test_a_pipe_that_closes_is_no_traceback(served: Served) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    argv = [*REAL, "tree", f"{served.address}/library/hello:1"]
    try:
        done = subprocess.run(argv, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=50)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_embedded_registry_serves_others_until_ctrl_c() -> None:
    process = subprocess.Popen([*REAL, "registry", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        match = re.search(r"http://127\.0\.0\.1:[0-9]+", process.stdout.readline())
        assert match is not None
        with urllib.request.urlopen(f"{match[0]}/v2/library/hello/tags/list", timeout=10) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait(timeout=20)
    assert process.returncode == 0


def test_check_looks_at_a_whole_registry() -> None:
    store = Store()
    hello.build(store)
    broken.build(store)
    with Served.start(store) as small:
        for source in (small.address, f"{small.address}/"):
            done = run("check", "--json", source)
            made = json.loads(done.stdout)
            assert f"{small.address}/library/hello:1" in [each["reference"] for each in made]
            assert f"{small.address}/gallery/missing-layer:latest" in [each["reference"] for each in made]
            assert done.returncode == 1 and "Traceback" not in done.stderr
            said = re.search(rf"fanfold: {source}: (\d+) whole, (\d+) broken, (\d+) unknown\.", done.stderr)
            assert said is not None and sum(map(int, said.groups())) == len(made) and int(said[2]) > 1
    assert run("check", "127.0.0.1:1/").returncode == 3
