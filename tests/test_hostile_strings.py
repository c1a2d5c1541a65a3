"""Every string that a server may send holds terminal commands, bidi tricks and markup; none of it comes out as such."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.server import Asked, Reply
from tests.support.hostile_server import Hostiles, hostiles
from tui import cli
from tui.oci import media
from tui.oci.digest import Digest

Capture = pytest.CaptureFixture[str]

EVIL = "\x1b]0;pwn\x07\x1b[31m\u202e\x9b31m[red]x[/red]\u200b\ud800\r\n"
#: What a terminal obeys, or what turns text around: none of it may come out. Line feeds are ours.
_COMMANDS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


class Nasty:
    """A registry whose every string is hostile, as far as its documents stay such that they are read at all."""

    def __init__(self) -> None:
        self.config = _json(
            {
                "architecture": "amd64",
                "os": "linux",
                "author": EVIL,
                "created": EVIL,
                "config": {
                    **dict.fromkeys(("User", "WorkingDir", "StopSignal"), EVIL),
                    **{key: [f"{EVIL}=1"] for key in ("Env", "Cmd", "Entrypoint")},
                    "Labels": {EVIL: EVIL},
                    "ExposedPorts": {EVIL: {}},
                    "Volumes": {EVIL: {}},
                },
                "history": [{"created_by": EVIL, "comment": EVIL, "author": EVIL}],
                "rootfs": {"type": EVIL, "diff_ids": [Digest.of(b"")]},
            }
        )
        self.layer = b"a layer"
        layer = {"mediaType": media.OCI_LAYER_GZIP, "digest": Digest.of(self.layer), "size": len(self.layer)}
        gone = {
            **layer,
            "digest": Digest.of(b"gone"),
            "size": 4,
            "urls": [f"http://{EVIL}"],
            "annotations": {EVIL: EVIL},
        }
        self.manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": media.OCI_MANIFEST,
                "config": {"mediaType": media.OCI_CONFIG, "digest": Digest.of(self.config), "size": len(self.config)},
                "layers": [layer, gone],
                "annotations": {EVIL: EVIL, "org.opencontainers.image.title": EVIL},
            }
        )
        entry = {"mediaType": media.OCI_MANIFEST, "digest": Digest.of(self.manifest), "size": len(self.manifest)}
        names = {"os": f"linux{EVIL}", "architecture": EVIL, "variant": EVIL, "os.version": EVIL, "os.features": [EVIL]}
        statement = {"vnd.docker.reference.type": "attestation-manifest", "in-toto.io/predicate-type": EVIL}
        self.index = _json(
            {
                "schemaVersion": 2,
                "mediaType": media.OCI_INDEX,
                "manifests": [
                    {**entry, "platform": {"os": "linux", "architecture": "amd64"}, "annotations": {EVIL: EVIL}},
                    {**entry, "digest": Digest.of(b"1"), "platform": names},
                    {**entry, "digest": Digest.of(b"2"), "annotations": {**statement, EVIL: EVIL}},
                ],
                "annotations": {EVIL: EVIL},
            }
        )

    def __call__(self, asked: Asked) -> Reply:
        warning = ("Warning", '299 - "warned \x1b[31m\x9b31m"')
        kind = ("Content-Type", "application/json")
        if asked.path == "/v2/_catalog":
            return Reply(200, [kind, warning], _json({"repositories": ["app", f"evil{EVIL}", "../../etc", "[/]"]}))
        if asked.path.endswith("/tags/list"):
            link = ("Link", '<http://evil.example/\x1b]0;>; rel="next"')
            return Reply(
                200, [kind, warning, link], _json({"name": EVIL, "tags": ["latest", f"v1{EVIL}", "[/]", "../.."]})
            )
        for raw, name in ((self.index, media.OCI_INDEX), (self.manifest, media.OCI_MANIFEST)):
            last = asked.path.rpartition("/")[2]
            if last == Digest.of(raw) or (raw is self.index and last == "latest"):
                return Reply(200, [("Content-Type", name), ("Docker-Content-Digest", Digest.of(raw)), warning], raw)
        for raw in (self.config, self.layer):
            if asked.path.endswith(Digest.of(raw)):
                return Reply(200, [kind, ("Docker-Content-Digest", Digest.of(raw)), warning], raw)
        if asked.path.endswith("/denied"):
            challenge = ("WWW-Authenticate", 'Bearer realm="http://\x1b[31m/token",service="\x9b31m"')
            return Reply(
                401, [kind, challenge], _json({"errors": [{"code": EVIL, "message": EVIL, "detail": {EVIL: EVIL}}]})
            )
        errors = [{"code": f"BLOB_UNKNOWN{EVIL}", "message": EVIL, "detail": {EVIL: EVIL}}]
        return Reply(
            418 if asked.path.endswith("/teapot") else 404,
            [kind, warning, ("X-Y", EVIL[:8])],
            _json({"errors": errors}),
        )


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with hostiles() as made:
        yield _started(made)


def _started(made: Hostiles) -> str:
    return made.start(Nasty()).address


@pytest.mark.parametrize(
    ("argv", "status", "shows"),
    [
        (("check", "{}/app:latest"), 1, "linux/amd64"),
        (("check", "--markdown", "{}/app:latest"), 1, "linux/amd64"),
        (("check", "--format=html", "{}/app:latest"), 1, "linux/amd64"),
        (("check", "--format=github", "{}/app:latest"), 1, "linux/amd64"),
        (("check", "--format=junit", "{}/app:latest"), 1, "linux/amd64"),
        (("check", "--format=sarif", "{}/app:latest"), 1, "linux/amd64"),
        (("check", "--quiet", "{}/app:latest", "{}/app:denied"), 1, "linux/amd64"),
        (("tree", "{}/app:latest"), 1, "\\x1b]0;pwn"),
        (("tree", "--ascii", "{}/app:latest"), 1, "\\x1b]0;pwn"),
        (("tree", "{}/app"), 3, "v1\\x1b]0;pwn"),
        (("tree", "{}/"), 0, "evil\\x1b]0;pwn"),
        (("check", "{}/app:denied"), 3, "token server"),
        (("check", "{}/app:teapot"), 3, "418"),
        (("create", "--dry-run", "{}/app:new", "{}/app:latest"), 1, ""),
        (("create", "--dry-run", "--json", "{}/app:new", "{}/app:latest"), 1, ""),
    ],
)
def test_no_command_reaches_the_terminal(
    address: str, capsys: Capture, argv: tuple[str, ...], status: int, shows: str
) -> None:
    assert cli.main([word.replace("{}", address) for word in argv]) == status
    out, err = capsys.readouterr()
    assert _COMMANDS.findall(out + err) == []
    assert shows in out + err
    assert "Traceback" not in err
    if "--ascii" in argv:
        assert out.isascii()


def test_json_is_json(address: str, capsys: Capture, tmp_path: Path) -> None:
    """Printed for programs, but a terminal may be looking on."""
    log = tmp_path / "requests.log"
    assert cli.main(["check", "--json", f"{address}/app:latest", "--log", str(log)]) == 1
    out, err = capsys.readouterr()
    assert _COMMANDS.findall(out + err) == []
    assert all(line.startswith("fanfold: ") for line in err.splitlines())  # what the registry warns of
    document = json.loads(out)
    assert document["counts"]["missing"] >= 2 and document["counts"]["present"] == 4
    assert {part["digest"] for part in document["objects"] if part["presence"] == "missing"} >= {Digest.of(b"1")}
    assert _COMMANDS.findall(log.read_text()) == []
