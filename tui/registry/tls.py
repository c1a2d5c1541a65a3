"""Whom we trust: the system's authorities, $SSL_CERT_FILE, the user's own, and Docker's `certs.d` folders.

Making a context reads hundreds of certificates (34 ms and more), so it is done once per kind, in a thread.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Hashable, Iterator
from pathlib import Path

from tui.registry.settings import ClientSettings
from tui.registry.single_flight import SingleFlight
from tui.text import safe

SYSTEM_CERTS_D = Path("/etc/docker/certs.d")


class TlsFiles(Exception):
    """A certificate file that the user named cannot be used; the text is a sentence."""


class Contexts:
    """One TLS context per distinct kind of trust, shared by every connection."""

    def __init__(self, settings: ClientSettings, certs_d: tuple[Path, ...] | None = None) -> None:
        self._settings = settings
        self._certs_d = certs_d if certs_d is not None else default_certs_d()
        self._contexts: dict[Hashable, ssl.SSLContext] = {}
        self._flights: SingleFlight[ssl.SSLContext] = SingleFlight(keep=True)

    async def get(self, registry: str) -> ssl.SSLContext:
        """The context for one host, by its name with port. Raises TlsFiles."""
        host = self._settings.host(registry)
        folder = self._folder(registry)
        authorities = tuple(path for path in (self._settings.ca, host.ca) if path is not None)
        key = (host.insecure, authorities, folder)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = await self._flights.run(
                key, lambda: asyncio.to_thread(make_context, host.insecure, authorities, folder)
            )
        return context

    def _folder(self, registry: str) -> Path | None:
        # The name comes from a parsed reference: no separators, and never "..". A folder that this user may not enter
        # (/etc/docker is root's alone on many machines) counts as none, as for any other client.
        if not registry or "/" in registry or registry.startswith("."):
            return None
        return next((base / registry for base in self._certs_d if os.path.isdir(base / registry)), None)


def default_certs_d() -> tuple[Path, ...]:
    config_home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return SYSTEM_CERTS_D, Path(config_home) / "docker" / "certs.d"


def make_context(insecure: bool, authorities: tuple[Path, ...], folder: Path | None) -> ssl.SSLContext:
    """Blocking. OpenSSL itself honours $SSL_CERT_FILE and $SSL_CERT_DIR.  Raises TlsFiles."""
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"] and not os.environ.get("SSL_CERT_FILE"):
        import certifi  # late: few systems have no store of their own

        context.load_verify_locations(cafile=certifi.where())
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for path in (*authorities, *(_authorities_in(folder) if folder is not None else ())):
        try:
            context.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise TlsFiles(f"The certificate authority in {safe(str(path))} cannot be used: {_why(error)}.") from error
    for certificate, key in _client_pairs(folder) if folder is not None else ():
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise TlsFiles(
                f"The client certificate in {safe(str(certificate))} cannot be used: {_why(error)}."
            ) from error
    return context


def _authorities_in(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("*.crt"))


def _client_pairs(folder: Path) -> Iterator[tuple[Path, Path]]:
    for certificate in sorted(folder.glob("*.cert")):
        key = certificate.with_suffix(".key")
        if os.path.isfile(key):
            yield certificate, key


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return error.reason.replace("_", " ").lower() if error.reason else "it is not a PEM file"
    return error.strerror or "it cannot be read"
