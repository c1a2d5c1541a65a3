"""A registry of its own process for the benchmarks: wide indexes, many tags, with latency. Loopback only.

    python -m tests.benchmarks.big_registry      prints its address, serves until its standard input ends

`bench/check:latest`   20 platforms of 10 layers, 20 attestations, 30 ms away
`bench/wide:latest`    50 platforms of 100 layers (over 5,000 objects), 5 ms away
`bench/tags`           50,000 tags
`bench/few:latest`     12 platforms of 1 layer, no latency
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import Receive, Scope, Send

from tui.demo.quirks import Quirks
from tui.demo.registry_app import EmbeddedRegistry
from tui.demo.store import Store
from tui.oci import media

ARCHITECTURES = ("amd64", "arm64", "ppc64le", "s390x", "riscv64")


def descriptor(store: Store, name: str, data: bytes, media_type: str, **more: object) -> dict[str, object]:
    """Put a blob and describe it."""
    return {"mediaType": media_type, "digest": store.put_blob(name, data), "size": len(data), **more}


def manifest(store: Store, name: str, document: dict[str, object], **more: object) -> dict[str, object]:
    """Put a manifest and describe it."""
    raw = json.dumps(document).encode()
    kind = str(document["mediaType"])
    return {"mediaType": kind, "digest": store.put_manifest(name, raw, kind), "size": len(raw), **more}


def image(store: Store, name: str, number: int, layers: int) -> tuple[dict[str, object], dict[str, str]]:
    """One platform's image, none of whose blobs another one has; its descriptor and platform."""
    platform = {"os": f"os{number // len(ARCHITECTURES)}", "architecture": ARCHITECTURES[number % len(ARCHITECTURES)]}
    diff_ids = [f"sha256:{layer:064x}" for layer in range(layers)]
    config = {**platform, "rootfs": {"type": "layers", "diff_ids": diff_ids}, "config": {}}
    made = manifest(
        store,
        name,
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": descriptor(store, name, json.dumps(config).encode(), media.OCI_CONFIG),
            "layers": [
                descriptor(store, name, f"{name} {number} {layer}".encode(), media.OCI_LAYER_GZIP)
                for layer in range(layers)
            ],
        },
        platform=platform,
    )
    return made, platform


def attestation(store: Store, name: str, number: int, of: object) -> dict[str, object]:
    """An attestation manifest as BuildKit writes it."""
    statement = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document"}
    return manifest(
        store,
        name,
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": descriptor(store, name, json.dumps({"attests": number}).encode(), media.OCI_CONFIG),
            "layers": [
                descriptor(store, name, json.dumps({**statement, "n": number}).encode(), media.IN_TOTO),
            ],
        },
        platform={"os": "unknown", "architecture": "unknown"},
        annotations={"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of},
    )


def index(store: Store, name: str, platforms: int, layers: int, *, attested: bool, latency: float) -> int:
    """An index tagged `latest`; the number of distinct objects, the index among them."""
    images = [image(store, name, number, layers)[0] for number in range(platforms)]
    proofs = (
        [attestation(store, name, number, made["digest"]) for number, made in enumerate(images)] if attested else []
    )
    document = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": images + proofs}
    store.put_manifest(name, json.dumps(document).encode(), media.OCI_INDEX, tags=["latest"])
    store.repository(name).quirks = Quirks(latency=latency)
    return 1 + platforms * (2 + layers) + len(proofs) * 3


CHECK_OBJECTS = 1 + 20 * 12 + 20 * 3


class FarAway:
    """The registry behind a long line: every new connection costs one round trip more, as a TCP handshake does."""

    def __init__(self, store: Store) -> None:
        self.registry = EmbeddedRegistry(store)
        self.store = store
        self.known: set[tuple[str, int]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        latency = 0.03 if scope["path"] == "/v2/" else self.store.quirks_for(_repository(scope["path"])).latency
        if scope["client"] not in self.known:
            self.known.add(scope["client"])
            await asyncio.sleep(latency)
        if scope["path"] == "/v2/":
            await asyncio.sleep(latency)
        await self.registry(scope, receive, send)


def _repository(path: str) -> str:
    return "/".join(path.split("/")[2:4])


def build() -> Store:
    """The content described above."""
    store = Store()
    index(store, "bench/check", 20, 10, attested=True, latency=0.03)
    index(store, "bench/wide", 50, 100, attested=False, latency=0.005)
    index(store, "bench/few", 12, 1, attested=False, latency=0.0)
    made = image(store, "bench/tags", 0, 1)[0]
    for number in range(50_000):
        store.repository("bench/tags").tag(f"v{number // 1000}.{number % 1000}", str(made["digest"]))
    return store


@contextmanager
def big_registry() -> Iterator[str]:
    """The registry in a process of its own, so that it shares no interpreter with what is measured; its address."""
    command = [sys.executable, "-m", "tests.benchmarks.big_registry"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(10)


def main() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1024)
        config = uvicorn.Config(FarAway(build()), lifespan="off", ws="none", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        serving.start()
        print(f"127.0.0.1:{listening.getsockname()[1]}", flush=True)
        sys.stdin.read()
        server.should_exit = True
        serving.join(5)


if __name__ == "__main__":
    main()
