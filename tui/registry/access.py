"""How a registry is reached, as the command lines of other tools have to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tui.oci.reference import DOCKER_HUB, api_host
from tui.registry.settings import HostSettings


class Hosts(Protocol):
    """Settings by host: the client's own."""

    def host(self, registry: str) -> HostSettings: ...


@dataclass(frozen=True, slots=True)
class Access:
    """One registry: `plain_http` (no TLS), `insecure` (TLS, not verified)."""

    registry: str
    plain_http: bool = False
    insecure: bool = False

    @classmethod
    def of(cls, registry: str, hosts: Hosts | None = None) -> Access:
        """As the client reaches it."""
        host = hosts.host(registry) if hosts is not None else HostSettings()
        return cls(registry, host.speaks_http(registry), host.insecure)

    @property
    def url(self) -> str:
        """The address of the registry's interface, without a slash at the end."""
        return f"{'http' if self.plain_http else 'https'}://{api_host(self.registry)}"

    @property
    def untrusted(self) -> bool:
        """Whether a tool has to be told not to insist on verified TLS."""
        return self.plain_http or self.insecure

    @property
    def is_hub(self) -> bool:
        return self.registry == DOCKER_HUB
