"""Records what real clients do with the images of `odd_images` and of the gallery: the columns of
`tests/explore/clients_did.txt`.

    python -m tests.record_clients podman crane        what these do now and the table does not say
    python -m tests.record_clients --write podman      and put it into the table

Each pull goes into an empty store, from the embedded registry, for every line of the table; a new image needs a line
first, with - and no in every column. The programs have to be on the PATH. `docker` asks the daemon of DOCKER_HOST: it
must have the containerd image store off and hold nothing else, for every image in it is removed after each pull. What
containerd does is recorded by its Go client, which unpacks as it pulls, and not by this.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support import odd_images
from tests.support.recorded import TABLE, Did, recorded
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served


def run(*command: str) -> str | None:
    """What it printed; None where it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, errors="replace")
    except subprocess.TimeoutExpired:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _begins(digest: str | None) -> str:
    return digest.removeprefix("sha256:")[:12] if digest else "-"


def _yes(printed: str | None) -> str:
    return "no" if printed is None else "yes"


def _parts(platform: str) -> tuple[str, str, str]:
    """System (without a build), architecture, variant."""
    system, architecture, variant = (*platform.split("/"), "")[:3]
    return system.partition("(")[0], architecture, variant


def _plain(platform: str) -> str:
    return "/".join(part for part in _parts(platform) if part)


def _build(platform: str) -> str:
    """As crane and oras take it: the build of Windows at the end, after a colon."""
    _, bracket, rest = platform.partition("(")
    return f"{_plain(platform)}:{rest.partition(')')[0]}" if bracket else platform


def skopeo(reference: str, platform: str, folder: str) -> list[str]:
    system, architecture, variant = _parts(platform)
    where = ["--override-os", system, "--override-arch", architecture]
    where += ["--override-variant", variant] if variant else []
    source, target = f"docker://{reference}", f"dir:{folder}/x"
    copied = run("skopeo", "--insecure-policy", *where, "copy", "-q", "--src-tls-verify=false", source, target)
    if copied is None:
        return ["-"]
    return [hashlib.sha256(Path(folder, "x", "manifest.json").read_bytes()).hexdigest()[:12]]


def crane(reference: str, platform: str, folder: str) -> list[str]:
    flags = ("--insecure", "--platform", _build(platform))
    return [
        _begins(run("crane", "digest", *flags, reference)),
        _yes(run("crane", "pull", *flags, reference, f"{folder}/x.tar")),
        _yes(run("crane", "validate", *flags, "--remote", reference)),
    ]


def oras(reference: str, platform: str, folder: str) -> list[str]:
    flags = ("--from-plain-http", "--platform", _build(platform))
    return [_yes(run("oras", "copy", *flags, reference, "--to-oci-layout", f"{folder}/x:1"))]


def docker(reference: str, platform: str, folder: str) -> list[str]:
    pulled = run("docker", "pull", "-q", "--platform", _plain(platform), reference)
    took = run("docker", "image", "inspect", "-f", "{{.Id}}", reference) if pulled is not None else None
    if held := (run("docker", "images", "-aq") or "").split():
        run("docker", "rmi", "-f", *dict.fromkeys(held))
    return [_begins(took)]


def podman(reference: str, platform: str, folder: str) -> list[str]:
    store = ("--root", f"{folder}/r", "--runroot", f"{folder}/s", "--storage-driver", "vfs")
    pulled = run("podman", *store, "pull", "-q", "--tls-verify=false", "--platform", _plain(platform), reference)
    return [_begins(pulled.splitlines()[-1] if pulled else None)]


#: Each with the columns that it fills, counted from the one after the reference.
CLIENTS: dict[str, tuple[Callable[[str, str, str], list[str]], tuple[int, ...]]] = {
    "skopeo": (skopeo, (2,)),
    "crane": (crane, (3, 4, 5)),
    "oras": (oras, (6,)),
    "docker": (docker, (7,)),
    "podman": (podman, (8,)),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Record what real clients do with odd images.")
    parser.add_argument("clients", nargs="+", choices=CLIENTS)
    parser.add_argument("--write", action="store_true", help="put what they do into the table")
    asked = parser.parse_args(arguments)
    store = build_gallery()
    odd_images.build(store)
    now: dict[str, dict[int, str]] = {}
    with Served.start(store) as served:
        for did in recorded():
            now[did.name] = _columns(asked.clients, f"{served.address}/{did.repository}:{did.tag}", did)
    lines, changed = [], 0
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        columns = line.split(" | ")
        for place, text in now.get(columns[0], {}).items():
            if columns[place] != text:
                changed += 1
                print(f"{columns[0]}, column {place}: {columns[place]} in the table, {text} now")
                columns[place] = text
        lines.append(" | ".join(columns))
    print(f"{len(now)} lines, {changed} differences")
    if asked.write:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0 if asked.write or not changed else 1


def _columns(clients: list[str], reference: str, did: Did) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in clients:
        ask, places = CLIENTS[name]
        with tempfile.TemporaryDirectory() as folder:
            found.update(zip(places, ask(reference, did.platform, folder), strict=True))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
