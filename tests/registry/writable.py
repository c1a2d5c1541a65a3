"""A registry that takes uploads, with an eye on sessions that are left open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from tests.registry.images import RegistryStub
from tests.registry.server import Asked, Reply, error
from tui.oci.digest import Digest


def chunks(data: bytes, size: int = 7) -> Callable[[], AsyncIterator[bytes]]:
    async def opened() -> AsyncIterator[bytes]:
        for at in range(0, len(data), size):
            yield data[at : at + size]

    return opened


class Writable(RegistryStub):
    """Takes uploads. `location` shapes the session's address, `mounts` are (digest, from) that succeed."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs = {}
        self.sessions: set[str] = set()
        self.location: Callable[[Asked, str], str] = lambda asked, path: path
        self.mounts: set[tuple[str, str]] = set()
        self.log: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        self.log.append(f"{asked.method} {asked.path}")
        if asked.path == "/v2/app/blobs/uploads/":
            mount, source = asked.query.get("mount", [""])[0], asked.query.get("from", [""])[0]
            if (mount, source) in self.mounts:
                self.blobs[mount] = b""
                return Reply(201)
            session = f"s{len(self.log)}"
            self.sessions.add(session)
            path = f"/v2/app/blobs/uploads/{session}?_state=a%2Fb%3D%3D"
            return Reply(202, [("Location", self.location(asked, path))])
        if asked.path.startswith("/v2/app/blobs/uploads/"):
            session = asked.path.rpartition("/")[2]
            if session not in self.sessions:
                return error(404, "BLOB_UPLOAD_UNKNOWN")
            self.sessions.discard(session)
            if asked.method == "DELETE":
                return Reply(204)
            (digest,) = asked.query["digest"]
            assert "_state=a%2Fb%3D%3D" in asked.target, "the address is signed: it must stay as it is"
            if Digest.of(asked.body, digest.partition(":")[0]) != digest:
                return error(400, "DIGEST_INVALID")
            self.blobs[digest] = asked.body
            return Reply(201, [("Docker-Content-Digest", digest)])
        if asked.method == "PUT":
            tag = asked.path.rpartition("/")[2]
            digest = self.keep(tag, asked.body, asked.headers["content-type"])
            return Reply(201, [("Docker-Content-Digest", digest)])
        return super().__call__(asked)
