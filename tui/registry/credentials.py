"""Logins that `docker login`, `podman login` and credential helpers have stored. Only ever read, never written.

Where is looked, first hit wins:
1. $REGISTRY_AUTH_FILE, and then nowhere else;
2. $DOCKER_AUTH_CONFIG (JSON with `auths`);
3. Docker's config.json ($DOCKER_CONFIG, else ~/.docker): `credHelpers`, else `credsStore`, else `auths`;
4. Podman's auth.json ($XDG_RUNTIME_DIR/containers, then $XDG_CONFIG_HOME/containers);
5. ~/.dockercfg.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.oci.reference import credential_key
from tui.registry.clock import Clock
from tui.registry.settings import ClientSettings
from tui.registry.single_flight import SingleFlight
from tui.regular_file import open_regular
from tui.text import safe

_HELPER_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_HELPER_KNOWS_NONE = "credentials not found in native keychain"
_HELPER_END = 2.0
_HELPER_ERRORS = ("no credentials server URL", "no credentials username")
MAX_FILE = 4 * 1024 * 1024
_KEPT = 3_600.0
_FAILED = 5.0


@dataclass(frozen=True, slots=True)
class Credential:
    """One login. Either a user name and password, or an `identity_token` (a refresh token), or a `registry_token` (a
    ready bearer token). `source` says where it was found, for the user."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """That there is a login for a registry (the user's name of it), and how it is kept (safe)."""

    registry: str
    how: str


@dataclass(frozen=True, slots=True)
class _Store:
    path: str
    auths: Mapping[str, Any]
    helpers: Mapping[str, Any]
    store: str


class Credentials:
    """Looks logins up, when a registry asks for one. `warnings` are safe sentences about what could not be used, each
    with the registries (lower case) that it is about; with none it is about all."""

    def __init__(self, settings: ClientSettings, clock: Clock, environ: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._environ = os.environ if environ is None else environ
        self._found: dict[tuple[str, str], tuple[float, Credential | None]] = {}
        self._flights: SingleFlight[Credential | None] = SingleFlight(keep=False)
        self.warnings: dict[str, set[str]] = {}

    def forget(self) -> None:
        self._found.clear()
        self.warnings.clear()

    def warnings_for(self, registry: str) -> tuple[str, ...]:
        """What could not be used of the logins for this registry (the user's name of it)."""
        lowered = registry.lower()
        return tuple(text for text, about in self.warnings.copy().items() if not about or lowered in about)

    def _warn(self, text: str, registry: str = "") -> None:
        about = self.warnings.setdefault(text, set())
        if registry:
            about.add(registry.lower())

    def stored(self) -> list[StoredLogin]:
        """The registries that the files name a login or a helper for. Reads them; a helper is not asked."""
        if self._settings.anonymous:
            return []
        found: dict[str, str] = {}
        home = os.path.join(self._environ.get("HOME") or os.path.expanduser("~"), "")
        for store in self._read():
            for key in (*store.helpers, *store.auths):
                if host := _host_of(key):
                    helper = store.helpers.get(key) or store.store
                    kept = isinstance(helper, str) and helper
                    place = f"~/{store.path.removeprefix(home)}" if store.path.startswith(home) else store.path
                    how = f"credential helper {safe(helper, limit=40)}" if kept else f"in {place}"
                    found.setdefault("docker.io" if host in _HUB_KEYS else host, how)
        return [StoredLogin(registry, how) for registry, how in sorted(found.items())]

    async def find(self, registry: str, repository: str = "") -> Credential | None:
        """The login for a repository of a registry (the user's name of it), or None."""
        if self._settings.anonymous:
            return None
        key = (registry.lower(), repository)
        known = self._found.get(key)
        if known is not None and self._clock.now() < known[0]:
            return known[1]
        return await self._flights.run(key, lambda: self._look(key, registry, repository))

    async def _look(self, key: tuple[str, str], registry: str, repository: str) -> Credential | None:
        """Once for all who want to know at the same time: a helper is a program, and may ask its user."""
        stores = await asyncio.to_thread(self._read)
        keep, credential = _KEPT, None
        for store in stores:
            try:
                credential = await self._in_store(store, registry, repository)
            except HelperFailed as error:
                name = safe(registry, limit=260)
                self._warn(f"{error} {store.path} names it, so no login for {name} was read.", registry)
                keep = _FAILED
                continue
            if credential is not None:
                break
        self._found[key] = (self._clock.now() + keep, credential)
        return credential

    async def aclose(self) -> None:
        """End the look-ups that are under way, and their helpers."""
        await self._flights.aclose()

    async def _in_store(self, store: _Store, registry: str, repository: str) -> Credential | None:
        server = credential_key(registry)
        helper = next((store.helpers[name] for name in (server, registry) if name in store.helpers), None)
        if helper is None:
            helper = store.store
        if isinstance(helper, str) and helper:
            answer = await ask_helper(
                helper, server, patience=self._settings.helper_timeout, limit=self._settings.max_helper_output
            )
            if answer is not None:
                user, secret = answer
                source = f"docker-credential-{helper}"
                if user == "<token>":
                    return Credential(identity_token=secret, source=source)
                return Credential(user, secret, source=source)
            if helper is not store.store:
                return None
        entry = matching_entry(store.auths, registry, repository)
        credential = read_entry(entry, store.path) if entry is not None else None
        if entry and credential is None:
            self._warn(f"The login for {safe(registry, limit=260)} in {store.path} cannot be read.", registry)
        return credential

    def _read(self) -> list[_Store]:
        environ, stores = self._environ, []
        named = environ.get("REGISTRY_AUTH_FILE")
        if named and self._settings.docker_config is None:
            return [store for store in (self._file(Path(named), "auths"),) if store is not None]
        inline = environ.get("DOCKER_AUTH_CONFIG")
        if inline and self._settings.docker_config is None:
            stores.append(self._document(inline.encode(), "$DOCKER_AUTH_CONFIG", "auths"))
        for path, shape in self._paths():
            stores.append(self._file(path, shape))
        return [store for store in stores if store is not None]

    def _paths(self) -> list[tuple[Path, str]]:
        environ = self._environ
        if self._settings.docker_config is not None:
            return [(self._settings.docker_config / "config.json", "auths")]
        home = Path(environ.get("HOME") or os.path.expanduser("~"))
        docker = Path(environ["DOCKER_CONFIG"]) if environ.get("DOCKER_CONFIG") else home / ".docker"
        config_home = Path(environ["XDG_CONFIG_HOME"]) if environ.get("XDG_CONFIG_HOME") else home / ".config"
        paths = [(docker / "config.json", "auths")]
        if environ.get("XDG_RUNTIME_DIR"):
            paths.append((Path(environ["XDG_RUNTIME_DIR"]) / "containers" / "auth.json", "auths"))
        elif hasattr(os, "getuid"):
            paths.append((Path(f"/run/containers/{os.getuid()}/auth.json"), "auths"))
        return [*paths, (config_home / "containers" / "auth.json", "auths"), (home / ".dockercfg", "bare")]

    def _file(self, path: Path, shape: str) -> _Store | None:
        try:
            with os.fdopen(open_regular(path), "rb") as file:
                raw = file.read(MAX_FILE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            if not isinstance(error, NotADirectoryError):
                self._warn(f"{safe(str(path))} cannot be read: {error.strerror}.")
            return None
        return self._document(raw, safe(str(path)), shape)

    def _document(self, raw: bytes, path: str, shape: str) -> _Store | None:
        try:
            if len(raw) > MAX_FILE:
                raise ValueError
            document = json.loads(raw.decode("utf-8-sig"))
            if not isinstance(document, dict):
                raise ValueError
        except (ValueError, RecursionError):
            self._warn(f"{path} is not a valid Docker config; its logins are not used.")
            return None
        if shape == "bare":
            return _Store(path, document, {}, "")
        auths, helpers, store = document.get("auths"), document.get("credHelpers"), document.get("credsStore")
        return _Store(
            path,
            auths if isinstance(auths, dict) else {},
            helpers if isinstance(helpers, dict) else {},
            store if isinstance(store, str) else "",
        )


def matching_entry(auths: Mapping[str, Any], registry: str, repository: str) -> Mapping[str, Any] | None:
    """The entry for a repository: the most specific path first, on whole components; then the host, exact key before
    the older ways to write it (`https://host/v1/`)."""
    key = credential_key(registry)
    if key != registry and isinstance(auths.get(key), dict) and auths[key]:
        return dict(auths[key])
    names = ["docker.io", "index.docker.io", "registry-1.docker.io"] if key != registry else [registry]
    path = f"{registry}/{repository}" if repository else registry
    wanted: list[str] = []
    while path.count("/"):
        wanted.append(path)
        path = path.rpartition("/")[0]
    wanted += names
    for name in wanted:
        if isinstance(auths.get(name), dict) and auths[name]:
            return dict(auths[name])
    hosts = {name.lower() for name in names}
    for written, entry in auths.items():
        if isinstance(entry, dict) and entry and _host_of(written) in hosts:
            return dict(entry)
    return None


def read_entry(entry: Mapping[str, Any], source: str) -> Credential | None:
    """None when the entry holds no login that can be used."""

    def text(name: str) -> str:
        value = entry.get(name)
        return value if isinstance(value, str) else ""

    user, password = text("username"), text("password")
    if text("auth"):
        try:
            pair = base64.b64decode(text("auth"), validate=True).rstrip(b"\x00").decode("utf-8")
        except (binascii.Error, ValueError):
            pair = ""
        name, colon, rest = pair.partition(":")
        if colon and name:
            user, password = name, rest.rstrip("\x00")
    identity, ready = text("identitytoken"), text("registrytoken")
    if not (ready or identity or (user and password)):
        return None
    return Credential(user, password, identity, ready, source)


_HUB_KEYS = ("index.docker.io", "registry-1.docker.io")


def _host_of(key: str) -> str:
    bare = key.partition("://")[2] or key
    host, _, path = bare.partition("/")
    legacy = path.strip("/").lower() in ("", "v1", "v2")
    return host.lower() if legacy else ""


class HelperFailed(Exception):
    """A safe sentence."""


async def ask_helper(name: str, server: str, *, patience: float, limit: int) -> tuple[str, str] | None:
    """Docker's credential helpers: `docker-credential-<name> get`, the server on stdin, JSON on stdout. Gives (user
    name, secret), or None when the helper knows none; the user name `<token>` marks an identity token. Raises
    HelperFailed.

    The name comes from a config file, so it must not be a path; the program may hang, flood or babble, so time and
    output are bounded and none of its output is ever shown (it may hold the secret).
    """
    if not _HELPER_NAME.fullmatch(name) or name in (".", ".."):
        raise HelperFailed("The credential helper in the Docker config is not a plain name; not run.")
    program = shutil.which(f"docker-credential-{name}")
    if program is None:
        raise HelperFailed(f"The credential helper docker-credential-{name} is not installed.")
    try:
        process = await asyncio.create_subprocess_exec(
            program, "get", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise HelperFailed(f"docker-credential-{name} could not be started: {error.strerror}.") from None
    try:
        async with asyncio.timeout(patience):
            output = await _exchange_with(process, server, limit)
            status = await process.wait() if output is not None else 0
    except TimeoutError:
        raise HelperFailed(f"docker-credential-{name} did not answer within {patience:.0f} s.") from None
    finally:
        await _end(process)
    if output is None:
        raise HelperFailed(f"docker-credential-{name} answered with more than {limit:,} bytes.")
    return _login_from(name, output, status)


async def _exchange_with(process: Process, server: str, limit: int) -> bytes | None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(server.encode())
        await process.stdin.drain()
    process.stdin.close()
    output = bytearray()
    while chunk := await process.stdout.read(65_536):
        output += chunk
        if len(output) > limit:
            return None
    return bytes(output)


async def _end(process: Process) -> None:
    """Kill the whole group: a helper is often a shell script with a child of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    # What is still in the pipe is read away: at its end the pipe is closed, and the process is gone.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HELPER_END):
            assert process.stdout is not None
            while await process.stdout.read(65_536):
                pass
            await process.wait()


def _login_from(name: str, output: bytes, status: int) -> tuple[str, str] | None:
    if status != 0:
        text = output.decode("utf-8", "replace").strip()
        if text == _HELPER_KNOWS_NONE:
            return None
        known = next((known for known in _HELPER_ERRORS if known in text), "")
        raise HelperFailed(f"docker-credential-{name} failed{f': {known}' if known else f' (exit status {status})'}.")
    try:
        document = json.loads(output.decode("utf-8"))
        user, secret = document["Username"], document["Secret"]
    except (ValueError, RecursionError, TypeError, KeyError):
        raise HelperFailed(f"docker-credential-{name} did not answer with a login.") from None
    if not isinstance(user, str) or not isinstance(secret, str):
        raise HelperFailed(f"docker-credential-{name} did not answer with a login.")
    return (user, secret) if user or secret else None
