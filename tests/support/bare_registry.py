"""A real registry (Debian's docker-registry, distribution 2.8) on a free loopback port, its storage at hand."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.images import Image
from tests.support.peers import need
from tui.oci.digest import Digest

_CONFIG = """\
version: 0.1
log:
  level: error
storage:
  filesystem:
    rootdirectory: {root}
  delete:
    enabled: true
{cache}http:
  addr: {address}
"""


_CACHE = """\
  cache:
    blobdescriptor: inmemory
"""


class BareRegistry:
    """Start it, push images, take things off its disk, start it again (it keeps answers in memory), stop it.

    `address` is `127.0.0.1:port` and stays the same over restarts; `root` is its storage folder.
    """

    def __init__(self, folder: Path, *, cache: bool = False) -> None:
        """`cache`: it remembers in memory which blobs it has, as most are run."""
        self.program = need("docker-registry")
        self.root = folder / "storage"
        self.root.mkdir(parents=True)
        self._log = folder / "registry.log"
        self._config = folder / "config.yml"
        self.address = f"127.0.0.1:{_free_port()}"
        self._config.write_text(_CONFIG.format(root=self.root, address=self.address, cache=_CACHE if cache else ""))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises AssertionError with its log when it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self.program, "serve", str(self._config)], stdout=log, stderr=log)
        until = time.monotonic() + 15
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            try:
                if self.ask("GET", "/v2/")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError(f"docker-registry did not start: {self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End it; a second call does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(10)

    def restart(self) -> None:
        """Forget what it remembers of its storage: its cache says "present" for what was deleted behind its back."""
        self.stop()
        self.start()

    # asking

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, dict[str, str]]:
        """One request: status, body, headers (lower-case names)."""
        host, _, port = self.address.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def push(self, repository: str, image: Image, *tags: str) -> Image:
        """Push an image, everything below it first."""
        for child in image.children:
            self.push(repository, child)
        for part in image.blobs:
            self.push_blob(repository, part.data)
        for selector in tags or (str(image.digest),):
            status, answer, _ = self.ask(
                "PUT",
                f"/v2/{repository}/manifests/{selector}",
                image.raw,
                {"Content-Type": image.descriptor.media_type},
            )
            assert status == 201, answer
        return image

    def push_blob(self, repository: str, data: bytes) -> None:
        status, answer, headers = self.ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert status == 202, answer
        place = urlsplit(headers["location"])
        path = f"{place.path}?{place.query}&digest={Digest.of(data)}" if place.query else place.path
        status, answer, _ = self.ask("PUT", path, data, {"Content-Type": "application/octet-stream"})
        assert status == 201, answer

    # taking things off the disk (distribution's layout, protocol.md I)

    def _repository(self, repository: str) -> Path:
        return self.root / "docker/registry/v2/repositories" / repository

    def unlink_blob(self, repository: str, digest: Digest) -> None:
        """Take a layer or config out of a repository; its bytes stay in the common store."""
        shutil.rmtree(self._repository(repository) / "_layers" / digest.algorithm / digest.encoded)

    def unlink_manifest(self, repository: str, digest: Digest) -> None:
        """Take a manifest out of a repository; its bytes stay in the common store."""
        shutil.rmtree(self._repository(repository) / "_manifests/revisions" / digest.algorithm / digest.encoded)

    def delete_data(self, digest: Digest) -> None:
        """Delete the bytes themselves; links to them stay."""
        folder = self.root / "docker/registry/v2/blobs" / digest.algorithm / digest.encoded[:2] / digest.encoded
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
