"""The registry on a real socket: starting, stopping, starting over, and what needs a connection to be seen."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.demo.helpers import manifest_bytes, shelve
from tui.commands.registry import introduction, run_registry
from tui.demo.gallery import GALLERY
from tui.demo.quirks import Quirks
from tui.demo.serve import CannotServe, Served
from tui.demo.store import Store
from tui.oci import media


@pytest.fixture
def served() -> Iterator[Served]:
    store = Store()
    shelve(store)
    with Served.start(store) as served:
        yield served
    assert not store.errors, "\n".join(store.errors)


def turn(served: Served, quirks: Quirks) -> None:
    def change(store: Store) -> None:
        store.repository("app").quirks = quirks

    served.call(change)


def test_it_answers_as_soon_as_it_has_started(served: Served) -> None:
    assert served.host == "127.0.0.1"
    assert served.url == f"http://127.0.0.1:{served.port}" == f"http://{served.address}"
    answer = httpx.get(f"{served.url}/v2/", trust_env=False)
    assert (answer.status_code, answer.headers["docker-distribution-api-version"]) == (200, "registry/2.0")
    assert "server" not in answer.headers


def test_a_port_in_use_is_a_clear_error(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CannotServe, match=rf"Cannot serve on 127\.0\.0\.1:{served.port}: Address already in use"):
        Served.start(Store(), served.port)
    with pytest.raises(CannotServe, match="--port"):
        Served.start(Store(), 70_000)
    assert run_registry(served.port) == 2
    assert f":{served.port}: Address already in use" in capsys.readouterr().err


def test_stopping_frees_the_port_and_can_be_done_twice() -> None:
    served = Served.start(Store())
    with httpx.Client(base_url=served.url, trust_env=False) as idle:
        idle.get("/v2/")
        began = time.monotonic()
        served.stop()
        assert time.monotonic() - began < 3, "an idle connection does not hold it up"
    served.stop()
    assert not served.running
    with Served.start(Store(), served.port) as again:
        assert httpx.get(f"{again.url}/v2/", trust_env=False).status_code == 200


def test_starting_over_puts_back_what_was_there(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        before = client.get("/v2/app/manifests/latest").content
        assert client.delete("/v2/app/manifests/latest").status_code == 202
        client.post("/v2/new/blobs/uploads/")
        turn(served, Quirks(html=True))
        served.reset()
        assert client.get("/v2/app/manifests/latest").content == before
        assert client.get("/v2/new/tags/list").status_code == 404
        assert not served.store.uploads
        client.delete("/v2/app/manifests/latest")
        served.reset()
        assert client.get("/v2/app/manifests/latest").content == before, "and again"


def test_changes_are_made_on_the_servers_thread_and_give_back_their_result(served: Served) -> None:
    assert served.call(lambda store: threading.current_thread().name) == "embedded-registry"
    with pytest.raises(ZeroDivisionError):
        served.call(lambda store: 1 / 0)
    served.stop()
    assert served.call(lambda store: sorted(store.repositories)) == ["app"], "a stopped one can still be looked at"


def test_a_lost_answer_is_a_closed_connection(served: Served) -> None:
    served.call(lambda store: store.put_blob("app", b"{}"))
    turn(served, Quirks(drop_put=1))
    raw = manifest_bytes(b"{}")
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            client.put("/v2/app/manifests/new", content=raw, headers={"Content-Type": media.OCI_MANIFEST})
        assert client.get("/v2/app/manifests/new").content == raw
    assert served.store.asked("PUT", status=0)


def test_a_body_that_is_cut_short(served: Served) -> None:
    turn(served, Quirks(body="truncated"))
    connection = http.client.HTTPConnection(served.host, served.port, timeout=10)
    connection.request("GET", "/v2/app/manifests/latest")
    answer = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()
    assert 0 < len(caught.value.partial) < int(answer.headers["content-length"])
    connection.close()


def test_a_body_without_an_end_can_be_left(served: Served) -> None:
    turn(served, Quirks(body="endless"))
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        with client.stream("GET", "/v2/app/manifests/latest") as answer:
            taken = 0
            for chunk in answer.iter_raw():
                taken += len(chunk)
                if taken > 1_000_000:
                    break
        assert client.get("/v2/").status_code == 200


def test_a_body_that_comes_a_byte_at_a_time(served: Served) -> None:
    turn(served, Quirks(body="drip"))
    with httpx.Client(base_url=served.url, trust_env=False, timeout=10) as client:
        began = time.monotonic()
        with client.stream("GET", "/v2/app/manifests/latest") as answer:
            chunks = answer.iter_raw()
            assert b"".join([next(chunks) for _ in range(3)]) == b"{\n "
        assert time.monotonic() - began > 0.4


def test_a_silent_repository_does_not_silence_its_siblings(served: Served) -> None:
    turn(served, Quirks(silent=True))
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/v2/app/manifests/latest")
        assert client.get("/v2/").status_code == 200


def test_a_client_that_goes_away_in_the_middle_of_an_upload(served: Served) -> None:
    where = httpx.post(f"{served.url}/v2/app/blobs/uploads/", trust_env=False).headers["location"]
    with socket.create_connection((served.host, served.port), timeout=10) as raw:
        raw.sendall(f"PATCH {where} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nonly this".encode())
    deadline = time.monotonic() + 5
    while not served.store.asked("PATCH") and time.monotonic() < deadline:
        time.sleep(0.01)
    answer = httpx.get(f"{served.url}{where}", trust_env=False)
    assert (answer.status_code, answer.headers["range"]) == (204, "0-0")


def test_the_introduction_names_everything() -> None:
    text = introduction("127.0.0.1:5005")
    assert "http://127.0.0.1:5005" in text
    assert all(sample.repository in text for sample in GALLERY)
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.slow
def test_fanfold_registry_serves_until_it_is_interrupted() -> None:
    code = "from tui.commands.registry import run_registry; raise SystemExit(run_registry(0))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        assert httpx.get(f"{url}/v2/_catalog?n=1", trust_env=False).json() == {"repositories": ["dockerfun"]}
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    assert "Stopped after 1 request." in out


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("127.0.0.1", 200),
        ("localhost:{port}", 200),
        ("registry.localhost:{port}", 200),
        ("[::1]:{port}", 200),
        ("evil.example", 421),
        ("evil.example:{port}", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example:{port}", 421),
        ("10.0.0.1:{port}", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(host: str, status: int) -> None:
    """A web page whose name was made to resolve to 127.0.0.1 gets nothing (DNS rebinding)."""
    with Served.start(Store()) as served, socket.create_connection((served.host, served.port), timeout=5) as line:
        asked = f"GET /v2/ HTTP/1.1\r\nHost: {host.format(port=served.port)}\r\nConnection: close\r\n\r\n"
        line.sendall(asked.encode())
        answer = b"".join(iter(lambda: line.recv(4096), b""))
        assert int(answer.split()[1]) == status, answer
        assert (b"only answers names of this machine" in answer) is (status != 200)
