"""A deep check, every blob read and hashed, against who reads one blob after the other, 30 ms away.

    python -m tests.benchmarks.deep

8 platforms of 12 layers of about 40 kB, each with an attestation, and nothing shared. Budget: at least 3 times as fast
as `crane validate --remote`, in one run on the same registry; and no false alarm on attestations. Beside it stands a
sequential reader of our own, which does what crane does: for each image manifest, config and layers in turn, each
hashed and inflated, on one connection that is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.measured import peer
from tests.benchmarks.table import ABSENT, Row, show, times
from tui.demo import images
from tui.demo.attest import attest, put_attestation
from tui.demo.quirks import Quirks
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.explore.report import exit_status, report
from tui.oci import media
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource

NAME, PLATFORMS, LAYERS, BYTES, LATENCY = "bench/deep", 8, 12, 40_000, 0.03
BUDGET, RUNS = 3.0, 3


def build() -> Store:
    """The content described above."""
    store = Store()
    entries = []
    proofs = []
    for number in range(PLATFORMS):
        layers = [
            images.layer(
                f"RUN {number} {position}", {f"bin/{number}-{position}": images.noise(f"{number}-{position}", BYTES)}
            )
            for position in range(LAYERS)
        ]
        one = images.image(f"linux/arch{number}", layers)
        images.put_image(store, NAME, one)
        proof = attest(one, NAME)
        put_attestation(store, NAME, proof)
        entries.append(one.entry())
        proofs.append(proof.entry())
    images.put_index(store, NAME, images.index([*entries, *proofs]), ["latest"])
    store.repository(NAME).quirks = Quirks(latency=LATENCY)
    return store


@contextmanager
def registry() -> Iterator[str]:
    """It, in a process of its own, so that it shares no interpreter with what is measured; its address."""
    command = [sys.executable, "-m", "tests.benchmarks.deep", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(10)


def serve() -> None:
    with Served.start(build()) as served:
        print(served.address, flush=True)
        sys.stdin.read()


async def deep(address: str) -> tuple[float, int]:
    """Seconds, and how many objects were hashed."""
    client = Client(ClientSettings(anonymous=True))
    explorer = Explorer(Inspector())
    node = explorer.add_selector(RegistrySource(client, address), NAME, "latest")
    began = time.perf_counter()
    await explorer.check(node, deep=True).wait()
    took = time.perf_counter() - began
    made = report(node, explorer.observations)
    alarms = [finding.message for finding in made.findings if finding.severity != "info"]
    if exit_status(made) or alarms or made.counts["hashed"] != len(made.objects):
        raise RuntimeError(f"a false alarm: {made.verdict.sentence} {alarms} {made.counts}")
    await explorer.aclose()
    await client.aclose()
    return took, made.counts["hashed"]


def one_after_the_other(address: str) -> float:
    """Seconds of the stand-in."""
    began = time.perf_counter()
    host, _, port = address.partition(":")
    line = http.client.HTTPConnection(host, int(port))

    def get(path: str) -> bytes:
        line.request("GET", f"/v2/{NAME}/{path}", headers={"Accept": ", ".join(media.ACCEPT)})
        answer = line.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return data

    for entry in json.loads(get("manifests/latest"))["manifests"]:
        manifest = json.loads(get(f"manifests/{entry['digest']}"))
        for part in (manifest["config"], *manifest["layers"]):
            data = get(f"blobs/{part['digest']}")
            if f"sha256:{hashlib.sha256(data).hexdigest()}" != part["digest"]:
                raise RuntimeError(f"{part['digest']} is other content")
            if data[:2] == b"\x1f\x8b":
                hashlib.sha256(zlib.decompress(data, wbits=31))
    line.close()
    return time.perf_counter() - began


def rows() -> Iterator[Row]:
    with registry() as address:
        results = [asyncio.run(deep(address)) for _ in range(RUNS)]
        took = statistics.median(seconds for seconds, _ in results)
        work, ours = f"read and hash {results[0][1]} objects at 30 ms", f"{took:.2f} s"
        alone = one_after_the_other(address)
        yield Row(
            f"{work}, one after the other",
            ours,
            f"our own reader {alone:.2f} s",
            **times(alone / took, BUDGET, least=True),
        )
        # It complains of attestations though nothing is wrong.
        theirs = peer("crane", "validate", "--insecure", "--remote", f"{address}/{NAME}:latest", statuses=(0, 1))
    if theirs is None:
        yield Row(f"{work}, crane validate", ours, ABSENT, why="crane is not on PATH")
    else:
        judged = times(theirs.seconds / took, BUDGET, least=True)
        yield Row(f"{work}, crane validate", ours, f"{theirs.seconds:.2f} s", **judged)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        sys.exit(show(rows()))
