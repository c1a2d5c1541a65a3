"""What the user may decide about the client, and every limit that keeps a hostile server at bay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tui import __version__

KIB = 1024
MIB = 1024 * KIB

USER_AGENT = f"fanfold/{__version__}"


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One registry host, by the name that the user writes ("ghcr.io", "127.0.0.1:5000")."""

    plain_http: bool = False
    """Speak http. Loopback hosts do without being told, unless `insecure`, `ca` or `tls` says that they speak TLS."""
    insecure: bool = False
    """Do not verify the certificate: only ever by the user's own word, shown on screen."""
    ca: Path | None = None
    """A PEM file with the certificate authority to trust, in addition to the system's."""
    read_only: bool = False
    """Refuse every write to this host before it is sent."""
    concurrency: int | None = None
    head: bool = True
    """False: this host is known to refuse HEAD; ask with a ranged GET at once."""
    tls: bool = False
    """Speak TLS, whatever else is set. Also where somebody typed https://, or named an authority with --ca."""

    def speaks_http(self, registry: str) -> bool:
        """Whether the host of this name is asked by plain http."""
        from tui.oci.reference import is_loopback  # late: the first frame waits for this module

        if self.tls:
            return False
        return self.plain_http or (is_loopback(registry) and not self.insecure and self.ca is None)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    hosts: Mapping[str, HostSettings] = field(default_factory=dict)
    concurrency: int = 64
    """Exchanges under way per host at most; how many it can bear is found out (congestion.py)."""
    user_agent: str = USER_AGENT
    docker_config: Path | None = None
    """Docker's config folder; None: $DOCKER_CONFIG, else ~/.docker."""
    anonymous: bool = False
    """Never look for stored credentials."""
    read_only: bool = False
    ca: Path | None = None
    """A PEM file to trust for every host."""
    tls_on_loopback: bool = False
    """That file was named for this run (--ca): loopback hosts are asked by TLS too, unless `plain_http` is set."""
    typed_tls: set[str] = field(default_factory=set)
    """The hosts (lower case) whose names were typed with https://."""

    # Seconds.
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    request_timeout: float = 60.0
    """One small exchange from the first byte sent to the last received: a server that drips cannot hold us."""
    deadline: float = 120.0
    """One question with all its retries, waiting for a slot not counted."""
    longest_wait: float = 60.0
    """The longest Retry-After that is waited for without asking; above it the question fails as rate limited."""
    helper_timeout: float = 20.0
    negative_ttl: float = 5.0

    # Counts.
    tries: int = 5
    redirects: int = 5
    max_tags: int = 100_000
    max_pages: int = 1_000
    page_size: int = 1_000

    # Bytes.
    max_manifest: int = 4 * MIB
    max_token_body: int = 64 * KIB
    max_token: int = 64 * KIB
    max_error_body: int = 64 * KIB
    max_page: int = 8 * MIB
    max_warnings: int = 4 * KIB
    max_helper_output: int = 64 * KIB
    cache_bytes: int = 64 * MIB

    def host(self, registry: str) -> HostSettings:
        """The settings of one host; names compare without regard to case."""
        host = self.hosts.get(registry)
        if host is None and self.hosts:
            lowered = registry.lower()
            host = next((value for name, value in self.hosts.items() if name.lower() == lowered), None)
        host = host if host is not None else _DEFAULT
        if self.tls_on_loopback or self.typed_tls:
            return self._with_tls(registry, host)
        return host

    def _with_tls(self, registry: str, host: HostSettings) -> HostSettings:
        if registry.lower() not in self.typed_tls and (host.plain_http or not self.tls_on_loopback):
            return host
        return _TLS if host is _DEFAULT else replace(host, tls=True)

    def remember_scheme(self, registry: str, scheme: str) -> bool:
        """Remember the scheme that somebody typed before a registry's name; whether that changes anything."""
        lowered = registry.lower()
        if scheme == "https" and self.host(registry).speaks_http(registry):
            self.typed_tls.add(lowered)
            return True
        if scheme == "http" and lowered in self.typed_tls:
            self.typed_tls.remove(lowered)
            return True
        return False


_DEFAULT = HostSettings()
_TLS = HostSettings(tls=True)
