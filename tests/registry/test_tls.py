"""TLS: whom we trust; a certificate that is not trusted is never a missing object (docs/protocol-notes.md, B-33)."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import certifi
import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, RegistryStub
from tests.registry.server import Reply, Server, serving
from tests.support.peers import need
from tui.oci.digest import Digest
from tui.registry import tls
from tui.registry.access import Access
from tui.registry.errors import TlsFailure, Unreachable, Unsupported
from tui.registry.settings import HostSettings

BLOB = Digest.of(LAYER)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server certificate for 127.0.0.1 and a client certificate, made by openssl."""
    need("openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=30)

    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
        *("-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem"),
    )
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        openssl(
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "2", "-extfile", "san", "-out", f"{name}.pem"),
        )
    return folder


@pytest.fixture
async def secure(certificates: Path) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    async with serving(RegistryStub(), context) as server:
        yield server


@pytest.mark.slow
async def test_the_users_authority(secure: Server, connect: Connect, certificates: Path) -> None:
    client = connect(hosts={secure.address: HostSettings(ca=certificates / "ca.pem")})
    assert (await client.head_blob(secure.address, "app", BLOB)).digest == BLOB
    assert client.trace.exchanges[0].url.startswith("https://")


@pytest.mark.slow
async def test_an_authority_for_every_host(secure: Server, connect: Connect, certificates: Path) -> None:
    client = connect(ca=certificates / "ca.pem", hosts={secure.address: HostSettings(ca=certificates / "ca.pem")})
    assert (await client.head_blob(secure.address, "app", BLOB)).digest == BLOB


@pytest.mark.slow
async def test_a_proxy_that_speaks_tls(
    secure: Server, connect: Connect, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"https://{secure.address}")
    client = connect(ca=certificates / "ca.pem", tries=1)
    assert (await client.head_blob("registry.localhost", "app", BLOB)).digest == BLOB
    with pytest.raises((TlsFailure, Unreachable)):
        await connect(tries=1).head_blob("registry.localhost", "app", BLOB)
    assert len(secure.asked) == 1


@pytest.mark.slow
async def test_ssl_cert_file(
    secure: Server, connect: Connect, certificates: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    context = tls.make_context(False, (), None)
    assert any(("commonName", "test authority") in part for cert in context.get_ca_certs() for part in cert["subject"])


@pytest.mark.slow
async def test_untrusted_is_unknown_and_not_missing(secure: Server, connect: Connect) -> None:
    """No retry, no plain request, and what to do."""
    client = connect(hosts={secure.address: HostSettings(ca=Path(certifi.where()))})
    with pytest.raises(TlsFailure) as caught:
        await client.head_blob(secure.address, "app", BLOB)
    assert ("--ca" in caught.value.sentence and "self" in caught.value.sentence) or "issuer" in caught.value.sentence
    assert not secure.asked and client.trace.count == 1


@pytest.mark.slow
async def test_insecure_is_per_host(secure: Server, connect: Connect) -> None:
    client = connect(hosts={secure.address: HostSettings(insecure=True)})
    assert (await client.head_blob(secure.address, "app", BLOB)).digest == BLOB


@pytest.mark.slow
async def test_a_file_that_is_no_certificate(secure: Server, connect: Connect, tmp_path: Path) -> None:
    for content in (None, "not a certificate"):
        path = tmp_path / "ca.pem"
        if content is not None:
            path.write_text(content)
        client = connect(hosts={secure.address: HostSettings(ca=path)})
        with pytest.raises(TlsFailure, match=r"ca\.pem cannot be used"):
            await client.head_blob(secure.address, "app", BLOB)


@pytest.mark.slow
async def test_dockers_folder(certificates: Path, tmp_path: Path, connect: Connect, secure: Server) -> None:
    """certs.d/<host:port>: ca.crt to trust, and a client certificate that the server demands."""
    folder = tmp_path / secure.address
    folder.mkdir()
    for source, target in (("ca.pem", "ca.crt"), ("client.pem", "client.cert"), ("client.key", "client.key")):
        (folder / target).write_bytes((certificates / source).read_bytes())
    client = connect(hosts={secure.address: HostSettings(insecure=False, ca=certificates / "ca.pem")})
    client._connection.contexts = tls.Contexts(client.settings, (tmp_path,))
    demanding = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    demanding.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    demanding.load_verify_locations(certificates / "ca.pem")
    demanding.verify_mode = ssl.CERT_REQUIRED
    async with serving(RegistryStub(), demanding) as picky:
        (tmp_path / picky.address).symlink_to(folder)
        client = connect(hosts={picky.address: HostSettings(ca=certificates / "ca.pem")})
        client._connection.contexts = tls.Contexts(client.settings, (tmp_path,))
        assert (await client.head_blob(picky.address, "app", BLOB)).digest == BLOB


@pytest.mark.slow
async def test_dockers_folder_that_only_root_may_enter(
    connect: Connect, secure: Server, certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/etc/docker is closed to users on many machines: that is no reason to ask nothing."""
    client = connect(hosts={secure.address: HostSettings(ca=certificates / "ca.pem")})
    client._connection.contexts = tls.Contexts(client.settings, (tmp_path / "closed",))
    look = os.stat

    def refuse(path: Any, *more: Any, **named: Any) -> os.stat_result:
        if "closed" in str(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return look(path, *more, **named)

    monkeypatch.setattr(os, "stat", refuse)
    assert (await client.head_blob(secure.address, "app", BLOB)).digest == BLOB


@pytest.mark.slow
async def test_one_context_for_all(secure: Server, connect: Connect, certificates: Path) -> None:
    client = connect(hosts={secure.address: HostSettings(ca=certificates / "ca.pem")})
    contexts = client._connection.contexts
    first = await contexts.get(secure.address)
    assert await contexts.get(secure.address) is first
    assert await contexts.get("ghcr.io") is not first
    assert await contexts.get("quay.io") is await contexts.get("ghcr.io")


@pytest.mark.parametrize("name", ["../etc", "..", "", "a/b"])
def test_a_name_is_no_path(tmp_path: Path, name: str, connect: Connect) -> None:
    assert tls.Contexts(connect().settings, (tmp_path,))._folder(name) is None


@pytest.mark.slow
async def test_an_authority_named_for_this_run_means_tls_on_loopback(
    secure: Server, connect: Connect, certificates: Path
) -> None:
    client = connect(ca=certificates / "ca.pem", tls_on_loopback=True)
    assert (await client.head_blob(secure.address, "app", BLOB)).digest == BLOB
    assert all(each.url.startswith("https://") for each in client.trace.exchanges)


@pytest.fixture
async def no_tls() -> AsyncIterator[str]:
    """The address of a server that says what HTTP servers say to a TLS handshake."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(16)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.mark.slow
async def test_it_does_not_fall_back_to_http_by_itself(
    serve: Serve, connect: Connect, certificates: Path, no_tls: str
) -> None:
    client = connect(ca=certificates / "ca.pem", tls_on_loopback=True)
    with pytest.raises(TlsFailure, match="--plain-http"):
        await client.head_blob(no_tls, "app", BLOB)
    server = await serve(RegistryStub())
    plain = {server.address: HostSettings(plain_http=True)}
    client = connect(ca=certificates / "ca.pem", tls_on_loopback=True, hosts=plain)
    assert (await client.head_blob(server.address, "app", BLOB)).digest == BLOB


@pytest.mark.slow
async def test_a_scheme_that_was_typed_is_remembered(secure: Server, connect: Connect, certificates: Path) -> None:
    """https:// holds for all that is asked of the host, http:// takes it back, and neither touches another host."""
    client = connect(ca=certificates / "ca.pem")
    with pytest.raises(Unreachable, match="write https:// before its name"):
        await client.head_blob(secure.address, "app", BLOB)
    client.remember_scheme(secure.address, "https")
    assert (await client.head_blob(secure.address, "app", BLOB)).digest == BLOB
    assert Access.of(secure.address, client.settings).url == f"https://{secure.address}"
    assert Access.of("127.0.0.1:1", client.settings).plain_http
    client.remember_scheme(secure.address, "http")
    assert Access.of(secure.address, client.settings).plain_http
    client.remember_scheme("ghcr.io", "http")
    assert not Access.of("ghcr.io", client.settings).plain_http, "a typed http:// never makes a host less safe"


async def test_a_typed_https_where_there_is_none_says_what_to_leave_out(connect: Connect, no_tls: str) -> None:
    client = connect()
    client.remember_scheme(no_tls, "https")
    with pytest.raises(TlsFailure, match="write it without https://"):
        await client.head_blob(no_tls, "app", BLOB)


async def test_a_tls_server_that_answers_http_with_words(serve: Serve, connect: Connect) -> None:
    """As those that are written in Go do."""
    words = b"Client sent an HTTP request to an HTTPS server.\n"
    server = await serve(lambda asked: Reply(400, [], words))
    with pytest.raises(Unsupported, match="write https:// before its name"):
        await connect().get_manifest(server.address, "app", "latest")
