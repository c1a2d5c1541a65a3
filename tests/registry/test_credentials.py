"""Stored logins and credential helpers (docs/protocol-notes.md, B-16 to B-19)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.clock import FakeClock
from tui.registry.credentials import Credential, Credentials, matching_entry, read_entry
from tui.registry.settings import ClientSettings


def b64(text: str | bytes) -> str:
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def found(
    home: Path, config: object, environ: dict[str, str] | None = None, **settings: object
) -> tuple[Credentials, FakeClock]:
    (home / ".docker").mkdir(exist_ok=True)
    raw = config if isinstance(config, bytes) else json.dumps(config).encode()
    (home / ".docker" / "config.json").write_bytes(raw)
    clock = FakeClock()
    given_environ = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), **(environ or {})}
    return Credentials(ClientSettings(**settings), clock, given_environ), clock  # type: ignore[arg-type]


def helper(home: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("entry", "user", "password"),
    [
        ({"auth": b64("u:p")}, "u", "p"),
        ({"auth": b64("u:p:with:colons")}, "u", "p:with:colons"),
        ({"auth": b64(b"u:p\x00\x00")}, "u", "p"),
        ({"username": "u", "password": "p"}, "u", "p"),
        ({"auth": "", "username": "u", "password": "p"}, "u", "p"),
        ({"auth": "***", "username": "u", "password": "p"}, "u", "p"),
    ],
)
def test_entries(entry: dict[str, str], user: str, password: str) -> None:
    credential = read_entry(entry, "here")
    assert credential is not None and (credential.username, credential.password) == (user, password)


@pytest.mark.parametrize(
    "entry",
    [
        {"auth": b64("no colon")},
        {"auth": b64(":no user")},
        {"auth": "not base64!"},
        {"auth": b64(b"\xff:\xff")},
        {"auth": 5},
        {"email": "x"},
        {"username": "u"},
    ],
)
def test_entries_without_a_login(entry: dict[str, object]) -> None:
    assert read_entry(entry, "here") is None


def test_tokens() -> None:
    credential = read_entry({"identitytoken": "i", "registrytoken": "r"}, "here")
    assert credential == Credential(identity_token="i", registry_token="r")


def test_secrets_are_not_printed() -> None:
    text = repr(Credential("user", "hunter2", "hunter2", "hunter2"))
    assert "hunter2" not in text and "user" in text


@pytest.mark.parametrize(
    ("key", "registry", "repository", "matches"),
    [
        ("quay.io", "quay.io", "org/repo", True),
        ("https://quay.io", "quay.io", "org/repo", True),
        ("https://quay.io/v1/", "quay.io", "org/repo", True),
        ("http://quay.io/v2/", "quay.io", "org/repo", True),
        ("QUAY.io", "quay.io", "org/repo", True),
        ("quay.io/org", "quay.io", "org/repo", True),
        ("quay.io/org/repo", "quay.io", "org/repo", True),
        ("quay.io/or", "quay.io", "org/repo", False),
        ("quay.io/org/repo/x", "quay.io", "org/repo", False),
        ("quay.io:443", "quay.io", "org/repo", False),
        ("evil-quay.io", "quay.io", "org/repo", False),
        ("https://index.docker.io/v1/", "docker.io", "library/ubuntu", True),
        ("docker.io", "docker.io", "library/ubuntu", True),
        ("index.docker.io", "docker.io", "library/ubuntu", True),
        ("registry-1.docker.io", "docker.io", "library/ubuntu", True),
        ("https://index.docker.io/v1/", "ghcr.io", "a/b", False),
        ("127.0.0.1:5000", "127.0.0.1:5000", "a", True),
        ("127.0.0.1:5001", "127.0.0.1:5000", "a", False),
    ],
)
def test_which_entry(key: str, registry: str, repository: str, matches: bool) -> None:
    entry = matching_entry({key: {"auth": "x"}, "other.example.com": {"auth": "y"}}, registry, repository)
    assert (entry == {"auth": "x"}) is matches


def test_the_most_specific_path_wins() -> None:
    auths = {name: {"auth": name} for name in ("quay.io", "quay.io/org", "quay.io/org/repo")}
    for repository, expected in (("org/repo", "quay.io/org/repo"), ("org/other", "quay.io/org"), ("x", "quay.io")):
        assert matching_entry(auths, "quay.io", repository) == {"auth": expected}


@given(st.dictionaries(st.text(max_size=20), st.none() | st.integers() | st.dictionaries(st.text(), st.text())))
def test_which_entry_never_raises(auths: dict[str, object]) -> None:
    entry = matching_entry(auths, "quay.io", "a/b")
    assert entry is None or isinstance(entry, dict)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"// comment\n{}", b"\xff\xfe{\x00}\x00", b'"text"', b"[" * 10_000],
)
async def test_files_that_are_no_config(tmp_path: Path, raw: bytes) -> None:
    credentials, _ = found(tmp_path, raw)
    assert await credentials.find("quay.io") is None
    assert len(credentials.warnings) == 1


async def test_a_bom_is_forgiven(tmp_path: Path) -> None:
    credentials, _ = found(
        tmp_path, b"\xef\xbb\xbf" + json.dumps({"auths": {"quay.io": {"auth": b64("u:p")}}}).encode()
    )
    credential = await credentials.find("quay.io")
    assert credential is not None and not credentials.warnings


async def test_one_bad_entry_does_not_void_the_rest(tmp_path: Path) -> None:
    config = {"auths": {"bad.io": {"auth": "***"}, "good.io": {"auth": b64("u:p")}, "odd.io": 5}}
    credentials, _ = found(tmp_path, config)
    assert await credentials.find("good.io") is not None
    assert await credentials.find("bad.io") is None and await credentials.find("odd.io") is None
    assert len(credentials.warnings) == 1 and "bad.io" in next(iter(credentials.warnings))


async def test_an_empty_entry_is_no_login(tmp_path: Path) -> None:
    credentials, _ = found(tmp_path, {"auths": {"quay.io": {}}})
    assert await credentials.find("quay.io") is None and not credentials.warnings


async def test_a_folder_or_a_loop_instead_of_a_file(tmp_path: Path) -> None:
    credentials, _ = found(tmp_path, {})
    path = tmp_path / ".docker" / "config.json"
    path.unlink()
    path.mkdir()
    assert await credentials.find("quay.io") is None and len(credentials.warnings) == 1
    path.rmdir()
    path.symlink_to(path)
    credentials.forget()
    assert await credentials.find("quay.io") is None and len(credentials.warnings) == 1


async def test_where_is_looked_first(tmp_path: Path) -> None:
    def auths(name: str) -> dict[str, object]:
        return {"auths": {"quay.io": {"auth": b64(f"{name}:p")}}}

    for folder in ("run/containers", ".config/containers"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "auth.json").write_text(json.dumps(auths(folder)))
    (tmp_path / ".dockercfg").write_text(json.dumps(auths("dockercfg")["auths"]))
    (tmp_path / "named.json").write_text(json.dumps(auths("named")))

    async def user(**environ: str) -> str:
        credentials, _ = found(tmp_path, config, environ)
        credential = await credentials.find("quay.io")
        return credential.username if credential is not None else ""

    config: dict[str, object] = auths("docker")
    assert await user(REGISTRY_AUTH_FILE=str(tmp_path / "named.json"), DOCKER_AUTH_CONFIG="{}") == "named"
    assert await user(REGISTRY_AUTH_FILE=str(tmp_path / "absent.json")) == ""
    assert await user(DOCKER_AUTH_CONFIG=json.dumps(auths("inline"))) == "inline"
    assert await user(DOCKER_AUTH_CONFIG='{"auths": {}}') == "docker"
    assert await user() == "docker"
    config = {"auths": {}}
    assert await user() == "run/containers"
    (tmp_path / "run/containers/auth.json").unlink()
    assert await user() == ".config/containers"
    (tmp_path / ".config/containers/auth.json").unlink()
    assert await user() == "dockercfg"


@pytest.mark.slow
async def test_a_helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    script = f"cat >> {log}; echo >> {log}\n" + """printf '{"ServerURL":"x","Username":"u","Secret":"s"}'"""
    helper(tmp_path, "good", script, monkeypatch)
    credentials, clock = found(tmp_path, {"credsStore": "good"})
    for _ in range(3):
        credential = await credentials.find("docker.io")
        assert credential is not None and (credential.username, credential.password) == ("u", "s")
    assert log.read_text() == "https://index.docker.io/v1/\n", "asked once, by Hub's own key"
    clock.time += 4_000
    await credentials.find("docker.io")
    assert log.read_text().count("\n") == 2


@pytest.mark.slow
async def test_a_helper_runs_once_for_all_who_ask_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    script = f"echo asked >> {log}; sleep 0.1; " + """printf '{"Username":"u","Secret":"s"}'"""
    helper(tmp_path, "slow", script, monkeypatch)
    credentials, _ = found(tmp_path, {"credsStore": "slow"})
    answers = await asyncio.gather(*(credentials.find("ghcr.io", "org/app") for _ in range(20)))
    assert {answer.username for answer in answers if answer is not None} == {"u"} and None not in answers
    assert log.read_text() == "asked\n"


@pytest.mark.slow
async def test_a_helpers_identity_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, "good", """printf '{"Username":"<token>","Secret":"s"}'""", monkeypatch)
    credentials, _ = found(tmp_path, {"credHelpers": {"quay.io": "good"}, "auths": {"quay.io": {"auth": b64("a:b")}}})
    credential = await credentials.find("quay.io")
    assert credential == Credential(identity_token="s")


@pytest.mark.slow
async def test_a_helper_that_knows_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, "none", "echo 'credentials not found in native keychain'; exit 1", monkeypatch)
    credentials, _ = found(tmp_path, {"credsStore": "none", "auths": {"quay.io": {}}})
    assert await credentials.find("quay.io") is None and not credentials.warnings


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "script", "words"),
    [
        ("broken", "echo hunter2; exit 1", "exit status 1"),
        ("known", "echo 'no credentials username'; exit 1", "no credentials username"),
        ("hangs", "sleep 60 & sleep 60", "did not answer within"),
        ("floods", "while :; do echo hunter2hunter2hunter2hunter2; done", "more than"),
        ("babbles", "echo hunter2", "did not answer with a login"),
        ("invalid", r"printf '\377\376'", "did not answer with a login"),
        ("list", "echo '[]'", "did not answer with a login"),
        ("number", """printf '{"Username":1,"Secret":2}'""", "did not answer with a login"),
        ("loud", "echo hunter2 >&2; exit 3", "exit status 3"),
    ],
)
async def test_helpers_that_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str, words: str
) -> None:
    """A visible warning, none of their words, and anonymous."""
    helper(tmp_path, name, script, monkeypatch)
    credentials, _ = found(tmp_path, {"credsStore": name}, helper_timeout=1.0)
    assert await credentials.find("quay.io") is None
    (warning,) = credentials.warnings
    assert words in warning and "hunter2" not in warning


@pytest.mark.parametrize("name", ["../../evil", "/bin/sh", "a b", "a;b", "..", "x\n"])
async def test_a_helpers_name_is_no_path(tmp_path: Path, name: str) -> None:
    credentials, _ = found(tmp_path, {"credsStore": name})
    assert await credentials.find("quay.io") is None
    assert "not run" in next(iter(credentials.warnings))


async def test_a_missing_helper_is_said(tmp_path: Path) -> None:
    credentials, _ = found(tmp_path, {"credsStore": "absent"})
    assert await credentials.find("quay.io") is None
    assert "not installed" in next(iter(credentials.warnings))


async def test_an_explicit_folder_is_the_only_one(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"auths": {"quay.io": {"auth": b64("mine:p")}}}))
    credentials, _ = found(
        tmp_path, {"auths": {"ghcr.io": {"auth": b64("u:p")}}}, {"DOCKER_AUTH_CONFIG": "{}"}, docker_config=folder
    )
    credential = await credentials.find("quay.io")
    assert credential is not None and credential.username == "mine"
    assert await credentials.find("ghcr.io") is None


async def test_anonymous_reads_nothing(tmp_path: Path) -> None:
    credentials, _ = found(tmp_path, b"{", anonymous=True)
    assert await credentials.find("quay.io") is None and not credentials.warnings


async def test_a_warning_names_its_file_and_stays_with_its_registry(tmp_path: Path) -> None:
    config = {"credHelpers": {"quay.io": "absent"}, "auths": {"bad.io": {"auth": "***"}}}
    credentials, _ = found(tmp_path, config)
    for registry in ("Quay.io", "bad.io", "ghcr.io"):
        assert await credentials.find(registry.lower()) is None
    (helper_warning,) = credentials.warnings_for("Quay.io")
    assert "docker-credential-absent is not installed" in helper_warning and "config.json" in helper_warning
    (entry_warning,) = credentials.warnings_for("bad.io")
    assert "cannot be read" in entry_warning
    assert credentials.warnings_for("ghcr.io") == ()


async def test_a_file_that_cannot_be_used_is_said_of_every_registry(tmp_path: Path) -> None:
    credentials, _ = found(tmp_path, b"garbage")
    assert await credentials.find("quay.io") is None
    assert credentials.warnings_for("quay.io") == credentials.warnings_for("ghcr.io") != ()
