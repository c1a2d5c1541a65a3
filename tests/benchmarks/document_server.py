"""A registry that answers from a table, in a process of its own and after a delay: what is measured is the client.

It knows what a check asks: manifests by tag and digest, blobs, lists of tags in pages. No uploads, no logins. A new
connection takes the delay once more, as a handshake does. `asked` tells what it was asked, and forgets it.
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
ARCHITECTURES = ("amd64", "arm64", "ppc64le", "s390x", "riscv64")
#: So many tags stand in a page.
PAGE = 1_000


@dataclass
class Documents:
    """Paths with their answers: head and body."""

    answers: Answers = field(default_factory=dict)
    objects: int = 0
    delays: dict[bytes, float] = field(default_factory=dict)
    """Of repositories that are not as far away as the others: seconds, by how their paths begin."""

    def __post_init__(self) -> None:
        self.put("/v2/", b"{}", "application/json")

    def delay(self, repository: str, seconds: float) -> None:
        self.delays[f"/v2/{repository}/".encode()] = seconds

    def put(self, path: str, body: bytes, media_type: str, digest: str = "", more: str = "") -> None:
        """An answer; `more` are lines of its head."""
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n{more}"
        )
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

    def image(
        self, repository: str, name: str, architecture: str, layers: int, system: str = "linux", *, lacks: bool = False
    ) -> dict[str, object]:
        """The manifest of a platform, none of whose blobs another one has; one that `lacks` something has no first
        layer."""
        diff_ids = [f"sha256:{layer:064x}" for layer in range(layers)]
        config = {
            "os": system,
            "architecture": architecture,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "config": {"Labels": {"name": name}},
        }
        parts = [
            self.blob(repository, f"{name} {system} {architecture} {layer}".encode(), media.OCI_LAYER_GZIP)
            for layer in range(layers)
        ]
        document = {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": self.blob(repository, json.dumps(config).encode(), media.OCI_CONFIG),
            "layers": parts,
        }
        if lacks:
            del self.answers[f"/v2/{repository}/blobs/{parts[0]['digest']}".encode()]
        made = self.manifest(repository, document)
        return {**made, "platform": {"os": system, "architecture": architecture}}

    def attestation(self, repository: str, number: int, of: object) -> dict[str, object]:
        """An attestation manifest as BuildKit writes it."""
        statement = {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document"}
        document = {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": self.blob(repository, json.dumps({"attests": number}).encode(), media.OCI_CONFIG),
            "layers": [self.blob(repository, json.dumps({**statement, "n": number}).encode(), media.IN_TOTO)],
        }
        return {
            **self.manifest(repository, document),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of},
        }

    def index(self, repository: str, entries: list[dict[str, object]], *tags: str) -> dict[str, object]:
        """An index of these entries."""
        return self.manifest(
            repository, {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": entries}, *tags
        )

    def platforms(
        self, repository: str, platforms: int, layers: int, *, attested: bool = False, lacks: bool = False
    ) -> int:
        """An index `latest` of so many platforms; how many objects it has, itself among them."""
        before = self.objects
        images = [
            self.image(repository, str(number), ARCHITECTURES[number % 5], layers, f"os{number // 5}", lacks=lacks)
            for number in range(platforms)
        ]
        proofs = [self.attestation(repository, *each) for each in enumerate(one["digest"] for one in images)]
        self.index(repository, images + (proofs if attested else []), "latest")
        self.tags(repository, ["latest"])
        return self.objects - before - (0 if attested else 3 * len(proofs))

    def tags(self, repository: str, names: list[str]) -> None:
        """The list of tags, in pages."""
        path = f"/v2/{repository}/tags/list"
        for at in range(0, len(names) or 1, PAGE):
            query = f"?n={PAGE}&last={names[at - 1]}" if at else ""
            more = (
                f'Link: <{path}?n={PAGE}&last={names[at + PAGE - 1]}>; rel="next"\r\n' if at + PAGE < len(names) else ""
            )
            body = json.dumps({"name": repository, "tags": names[at : at + PAGE]}).encode()
            self.put(f"{path}{query}", body, "application/json", more=more)

    def repository(self, name: str, tags: int, layers: int, architectures: tuple[str, ...]) -> None:
        """A repository with so many tags, each an index of its own."""
        names = [f"1.{number}" for number in range(tags)]
        for tag in names:
            entries = [self.image(name, tag, architecture, layers) for architecture in architectures]
            self.index(name, entries, tag)
        self.tags(name, names)


class _Answering(asyncio.Protocol):
    asked: ClassVar[list[str]] = []
    waiting: ClassVar[int] = 0
    most: ClassVar[int] = 0

    def __init__(self, documents: Documents, delay: float) -> None:
        self.documents, self.delay, self.late = documents, delay, delay
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if self.buffer.startswith(b"\x16"):  # docker and skopeo try TLS first, and wait for long
            self.buffer = b""
            self.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
            if target == ASKED:
                self.tell()
                continue
            _Answering.waiting += 1
            _Answering.most = max(self.most, self.waiting)
            self.asked.append(f"{method.decode()} {target.decode()}")
            near = next((delay for path, delay in self.documents.delays.items() if target.startswith(path)), None)
            delay, self.late = (self.delay + self.late if near is None else near), 0.0
            asyncio.get_running_loop().call_later(delay, self.answer, method, target)

    def tell(self) -> None:
        body = json.dumps([self.asked, self.most]).encode()
        self.asked.clear()
        _Answering.most = 0
        self.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def answer(self, method: bytes, target: bytes) -> None:
        _Answering.waiting -= 1
        answers = self.documents.answers
        found = answers.get(target) or answers.get(target.partition(b"?")[0])
        if found is None:
            found = (b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n", b"{}")
        self.write(found[0] if method == b"HEAD" else found[0] + found[1])

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)


def _serve(listener: socket.socket, documents: Documents, delay: float) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Answering(documents, delay), sock=listener)
        await server.serve_forever()

    asyncio.run(run())


@contextlib.contextmanager
def document_server(documents: Documents, delay: float) -> Iterator[str]:
    """Run the server for a while; gives its `127.0.0.1:port`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, documents, delay), daemon=True)
    process.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join(5)
        listener.close()


def asked(address: str) -> tuple[list[str], int]:
    """ "HEAD /v2/…" of every request since the server was asked this last, in order; and how many waited for their
    answer at most."""
    with urllib.request.urlopen(f"http://{address}{ASKED.decode()}") as answer:
        found, most = json.loads(answer.read())
    return found, most
