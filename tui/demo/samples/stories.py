"""The stories that the program exists for: the stale list, parent and child repositories, the nested list."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from tui.demo.attest import attest, put_attestation
from tui.demo.images import BUILDKIT, DOCKER, Image, Style, image, index, layer, noise, put_image, put_index, step
from tui.demo.store import Store
from tui.oci.canonical_json import json_text

SANDBOX: Final = "sandbox"
EDGE: Final = "0.16-edge"
_PLATFORMS: Final = ("linux/amd64", "linux/arm64")
_STAGING: Final = "ocurrent/opam-staging"
_OPAM: Final = "ocaml/opam"
_FIVE: Final = ("amd64", "arm64", "ppc64le", "s390x", "riscv64")


def build(store: Store) -> None:
    _build_sandbox(store)
    _build_dockerfun(store)
    _build_opam(store)


# The stale list


def _sandbox_image(where: str, words: str, created: str) -> Image:
    """`FROM alpine:3.14` and one RUN, built from `words`."""
    base = layer(
        f"/bin/sh -c #(nop) ADD file:{noise(where, 40)[8:].hex()} in / ",
        {
            "bin/": b"",
            "bin/busybox": noise(f"busybox 1.33 {where}", 58_000 if where.endswith("amd64") else 61_440),
            "etc/": b"",
            "etc/alpine-release": b"3.14.9\n",
        },
        DOCKER,
    )
    return image(
        where,
        [
            base,
            step('/bin/sh -c #(nop)  CMD ["/bin/sh"]'),
            layer(
                f'/bin/sh -c echo "{words}" > /tmp/data.txt', {"tmp/data.txt": f"{words} {where}\n".encode()}, DOCKER
            ),
        ],
        style=DOCKER,
        settings={"Cmd": ["/bin/sh"]},
        created=created,
    )


def _generation(words: str, created: str) -> list[Image]:
    return [_sandbox_image(where, words, created) for where in _PLATFORMS]


def _deleted() -> list[Image]:
    """The first build, with the wrong input files: Docker's stored list names it, the registry has forgotten it."""
    return _generation("wrong input", "2023-03-03T08:01:12.418821044Z")


def _build_sandbox(store: Store) -> None:
    old = _generation("hello", "2023-03-03T09:15:40.071534290Z")
    new = _generation("world", "2023-03-03T10:52:03.964110873Z")
    amd64, arm64 = old
    put_image(store, SANDBOX, amd64)
    put_image(store, SANDBOX, arm64, without=arm64.layers[-1:])
    put_index(store, SANDBOX, index([one.entry() for one in old], DOCKER), (EDGE,))
    for one in new:
        put_image(store, SANDBOX, one, (f"{EDGE}-{one.platform['architecture']}",))


def docker_manifests(registry: str) -> dict[str, bytes]:
    """The files that `docker manifest create` left in the Docker config folder before the images were rebuilt.

    Paths are relative to that folder ("manifests/…/…"); `registry` is where the images are ("127.0.0.1:5005").
    Pushing this list is refused (`manifest blob unknown`): the images that it names are not in the registry.
    """
    folder = f"manifests/{_folder_name(f'{registry}/{SANDBOX}:{EDGE}')}"
    files = {}
    for one in _deleted():
        reference = f"{registry}/{SANDBOX}:{EDGE}-{one.platform['architecture']}"
        files[f"{folder}/{_folder_name(reference)}"] = _stored_entry(reference, one)
    return files


def _folder_name(reference: str) -> str:
    """Docker's way to make a file name of a reference, which is not reversible."""
    return reference.replace(":", "-").replace("/", "_")


def _stored_entry(reference: str, one: Image) -> bytes:
    document: dict[str, Any] = json.loads(one.manifest.raw)
    descriptors = {
        "config": _docker_descriptor(document["config"]),
        "layers": [_docker_descriptor(found) for found in document["layers"]],
    }
    entry = {
        "Ref": reference,
        "Descriptor": one.entry(),
        "Raw": base64.b64encode(one.manifest.raw).decode(),
        "SchemaV2Manifest": {**document, **descriptors},
    }
    return json_text(entry).encode()


def _docker_descriptor(document: dict[str, Any]) -> dict[str, Any]:
    return {key: document[key] for key in ("mediaType", "size", "digest")}


# Parent and child repositories


def _build_dockerfun(store: Store) -> None:
    images = []
    for where in _PLATFORMS:
        one = image(
            where,
            [
                layer(
                    "/bin/sh -c #(nop) ADD file:debian in / ",
                    {"bin/": b"", "bin/dash": noise(f"dash {where}", 44_000 + len(where) * 500)},
                    DOCKER,
                ),
                step('/bin/sh -c #(nop)  CMD ["bash"]'),
                layer(
                    "/bin/sh -c #(nop) COPY file:fun in /usr/bin/fun ",
                    {"usr/bin/fun": noise(f"fun {where}", 9_300)},
                    DOCKER,
                ),
            ],
            style=DOCKER,
            settings={"Cmd": ["fun"]},
            created="2021-10-28T21:06:44.731200541Z",
        )
        put_image(store, f"dockerfun/{one.platform['architecture']}", one, ("6b972be0",))
        store.put_manifest("dockerfun", one.manifest.raw, one.manifest.media_type)
        images.append(one)
    put_index(store, "dockerfun", index([one.entry() for one in images], DOCKER), ("6b972be0",))


# The nested list


def _opam_image(architecture: str, version: str, style: Style) -> Image:
    where = f"linux/{architecture}"
    return image(
        where,
        [
            layer(
                "/bin/sh -c #(nop) ADD file:ubuntu-24.04 in / ",
                {
                    "etc/": b"",
                    "etc/os-release": b'NAME="Ubuntu"\nVERSION_ID="24.04"\n',
                    "usr/bin/dash": noise(f"ubuntu dash {architecture}", 47_000 + 640 * len(architecture)),
                },
                style,
            ),
            step('/bin/sh -c #(nop)  CMD ["/bin/bash"]'),
            layer(
                "RUN /bin/sh -c apt-get -y update && apt-get -y install build-essential curl git rsync sudo # buildkit",
                {
                    "usr/bin/git": noise(f"git {architecture}", 31_000),
                    "usr/bin/sudo": noise(f"sudo {architecture}", 9_000),
                },
                style,
            ),
            layer(
                "COPY --link --chown=0:0 /usr/bin/opam-2.3 /usr/bin/opam-2.3 # buildkit",
                {"usr/bin/opam-2.3": noise(f"opam 2.3 {architecture}", 38_500)},
                style,
            ),
            layer(
                f"RUN /bin/sh -c opam switch create {version} --packages=ocaml-base-compiler # buildkit",
                {
                    f"home/opam/.opam/{version}/bin/ocamlopt": noise(f"ocamlopt {version} {architecture}", 66_000),
                    "home/opam/.opam/config": f'opam-version: "2.0"\nswitch: "{version}"\n'.encode(),
                },
                style,
            ),
            step("USER opam"),
            step('ENTRYPOINT ["opam" "exec" "--"]'),
            step('CMD ["bash"]'),
        ],
        style=style,
        settings={
            "User": "opam",
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "OPAMYES=1", f"OPAM_SWITCH={version}"],
            "Entrypoint": ["opam", "exec", "--"],
            "Cmd": ["bash"],
            "WorkingDir": "/home/opam",
            "Labels": {"distro_style": "apt"},
        },
        created="2026-06-15T19:02:48.660912155Z",
    )


def _build_opam(store: Store) -> None:
    for architecture in _FIVE[:-1]:
        put_image(
            store, _STAGING, _opam_image(architecture, "5.4", DOCKER), (f"ubuntu-24.04-ocaml-5.4-{architecture}",)
        )
    newer = _opam_image("riscv64", "5.4", BUILDKIT)
    provenance = attest(newer, f"{_STAGING}:ubuntu-24.04-ocaml-5.4-riscv64", base="ubuntu@24.04")
    put_image(store, _STAGING, newer)
    put_attestation(store, _STAGING, provenance)
    put_index(store, _STAGING, index([newer.entry(), provenance.entry()]), ("ubuntu-24.04-ocaml-5.4-riscv64",))
    released = [_opam_image(architecture, "5.3", DOCKER) for architecture in _FIVE]
    for one in released:
        put_image(store, _OPAM, one)
    put_index(store, _OPAM, index([one.entry() for one in released], DOCKER), ("ubuntu-24.04-ocaml-5.3",))
