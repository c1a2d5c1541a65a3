"""A registry that answers from a table, in a process of its own and after a delay: what is measured is the client.

It knows what a check asks: manifests by tag and digest, blobs, the list of tags. No uploads, no logins. `asked` tells
what it was asked, and forgets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import multiprocessing
import socket
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tui.oci import media

Answers = dict[bytes, tuple[bytes, bytes]]
ASKED = b"/asked"


@dataclass
class Documents:
    """Paths with their answers: head and body."""

    answers: Answers = field(default_factory=dict)
    objects: int = 0

    def put(self, path: str, body: bytes, media_type: str, digest: str = "") -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n"
        if digest:
            head += f"Docker-Content-Digest: {digest}\r\n"
        self.answers[path.encode()] = (f"{head}Content-Length: {len(body)}\r\n\r\n".encode(), body)

    def blob(self, repository: str, body: bytes, media_type: str) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.put(f"/v2/{repository}/blobs/{digest}", body, "application/octet-stream", digest)
        self.objects += 1
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def manifest(self, repository: str, document: Mapping[str, object], *tags: str) -> dict[str, object]:
        raw, kind = json.dumps(document).encode(), str(document["mediaType"])
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        for selector in (digest, *tags):
            self.put(f"/v2/{repository}/manifests/{selector}", raw, kind, digest)
        self.objects += 1
        return {"mediaType": kind, "digest": digest, "size": len(raw)}

    def image(self, repository: str, name: str, architecture: str, layers: int) -> dict[str, object]:
        """The manifest of a platform, none of whose blobs another one has."""
        diff_ids = [f"sha256:{layer:064x}" for layer in range(layers)]
        config = {
            "os": "linux",
            "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "config": {"Labels": {"name": name}},
        }
        document = {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": self.blob(repository, json.dumps(config).encode(), media.OCI_CONFIG),
            "layers": [
                self.blob(repository, f"{name} {architecture} {layer}".encode(), media.OCI_LAYER_GZIP)
                for layer in range(layers)
            ],
        }
        made = self.manifest(repository, document)
        return {**made, "platform": {"os": "linux", "architecture": architecture}}

    def repository(self, name: str, tags: int, layers: int, architectures: tuple[str, ...]) -> None:
        """A repository with so many tags, each an index of its own."""
        names = [f"1.{number}" for number in range(tags)]
        for tag in names:
            entries = [self.image(name, tag, architecture, layers) for architecture in architectures]
            document = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}
            self.manifest(name, document, tag)
        self.put(f"/v2/{name}/tags/list", json.dumps({"name": name, "tags": names}).encode(), "application/json")


class _Answering(asyncio.Protocol):
    asked: ClassVar[list[str]] = []

    def __init__(self, answers: Answers, delay: float) -> None:
        self.answers, self.delay = answers, delay
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            asyncio.get_running_loop().call_later(self.delay, self.answer, head)

    def answer(self, head: bytes) -> None:
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
        path = target.partition(b"?")[0]
        if path == ASKED:
            body = json.dumps(self.asked).encode()
            self.asked.clear()
            answer: tuple[bytes, bytes] | None = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)
        else:
            self.asked.append(f"{method.decode()} {target.decode()}")
            answer = self.answers.get(path)
        if answer is None:
            answer = (b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n", b"{}")
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(answer[0] if method == b"HEAD" else answer[0] + answer[1])


def _serve(listener: socket.socket, answers: Answers, delay: float) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Answering(answers, delay), sock=listener)
        await server.serve_forever()

    asyncio.run(run())


@contextlib.contextmanager
def document_server(documents: Documents, delay: float) -> Iterator[str]:
    """Run the server for a while; gives its `127.0.0.1:port`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(listener, documents.answers, delay), daemon=True
    )
    process.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join(5)
        listener.close()


def asked(address: str) -> list[str]:
    """ "HEAD /v2/…" of every request since the server was asked this last, in order."""
    with urllib.request.urlopen(f"http://{address}{ASKED.decode()}") as answer:
        found: list[str] = json.loads(answer.read())
    return found
