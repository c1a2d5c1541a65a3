"""The crowded repositories: 20,000 tags, 60 platforms; and one full of hostile strings."""

from __future__ import annotations

from typing import Final

from tui.demo.images import image, index, layer, piece, put_image, put_index, step
from tui.demo.quirks import Quirks
from tui.demo.samples.broken import LATEST, PLACE, sample_image
from tui.demo.store import Store
from tui.oci import media

TAGS: Final = 20_000
_VARIANTS: Final = ("", "-alpine", "-slim", "-bookworm")
_IMAGES: Final = 24

_LINUX: Final = (
    *("386", "amd64", "amd64/v2", "amd64/v3", "amd64/v4", "arm/v5", "arm/v6", "arm/v7", "arm64", "arm64/v9"),
    *("loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le", "riscv64", "s390x", "sparc64"),
)
_BSD: Final = ["386", "amd64", "arm/v6", "arm/v7", "arm64", "riscv64"]
_OTHERS: Final = (
    *("aix/ppc64", "android/386", "android/amd64", "android/arm64", "android/arm/v7", "darwin/amd64", "darwin/arm64"),
    *("dragonfly/amd64", "illumos/amd64", "ios/arm64", "js/wasm", "plan9/386", "plan9/amd64", "plan9/arm/v7"),
    *("solaris/amd64", "wasip1/wasm"),
)
_WINDOWS: Final = ("10.0.14393.7336", "10.0.17763.6414", "10.0.20348.2700", "10.0.26100.1742")

#: What a hostile image puts into its strings: a terminal title, colours, a clickable action, text that runs backwards
HOSTILE: Final = "\x1b]0;pwned\x07\x1b[31mred\x9b0m [@click=app.quit]quit[/] [bold]\u202egnp.exe\u202c\u200b\r\nnext"


def build(store: Store) -> None:
    _build_many_tags(store)
    _build_many_platforms(store)
    _build_digest_tags(store)
    _build_hostile(store)


def tag_names() -> list[str]:
    """The 20,000 tags: versions of ten years, each in four variants, and `latest`."""
    versions = [f"{major}.{minor}.{patch}" for major in range(1, 11) for minor in range(50) for patch in range(10)]
    names = [version + variant for version in versions for variant in _VARIANTS]
    return [*names[: TAGS - 1], "latest"]


def _build_many_tags(store: Store) -> None:
    name = PLACE + "many-tags"
    digests = []
    for number in range(_IMAGES):
        one = sample_image(f"build-{number}", "linux/amd64")
        put_image(store, name, one)
        digests.append(one.manifest.digest)
    repository = store.repository(name)
    repository.tags.update((tag, digests[place % _IMAGES]) for place, tag in enumerate(tag_names()))


def platforms() -> list[tuple[str, str | None]]:
    """60 platforms: ("linux/arm/v7", None), and Windows once for each of its versions."""
    found: list[tuple[str, str | None]] = [(f"linux/{one}", None) for one in _LINUX]
    found += [(f"{system}/{one}", None) for system in ("freebsd", "netbsd", "openbsd") for one in _BSD]
    found += [(one, None) for one in _OTHERS]
    found += [("windows/amd64", version) for version in _WINDOWS]
    found += [("windows/arm64", _WINDOWS[-1]), ("windows/386", _WINDOWS[0])]
    return found


def _build_many_platforms(store: Store) -> None:
    name = PLACE + "many-platforms"
    images = []
    for where, version in platforms():
        text = f"{where} {version or ''}".strip()
        one = image(
            where,
            [
                layer("COPY tool /tool # buildkit", {"tool": f"#!/bin/sh\necho {text}\n".encode()}),
                layer("COPY LICENSE / # buildkit", {"LICENSE": b"MIT License\n"}),
                step('ENTRYPOINT ["/tool"]'),
            ],
            settings={"Entrypoint": ["/tool"]},
            os_version=version,
        )
        put_image(store, name, one)
        images.append(one)
    put_index(store, name, index([one.entry() for one in images]), LATEST)


def _build_digest_tags(store: Store) -> None:
    name = PLACE + "digest-tags"
    one = sample_image("digest-tags", "linux/amd64")
    put_image(store, name, one, LATEST)
    plain = one.manifest.digest.replace(":", "-")
    signature = image(
        "linux/amd64",
        [step("cosign sign")],
        annotations={"dev.cosignproject.cosign/note": "not verified by anybody"},
    )
    put_image(store, name, signature, (f"{plain}.sig",))
    note = piece(b'{"note": "attached by hand"}', "application/json")
    config = piece(b"{}", media.OCI_EMPTY)
    referrer = image("linux/amd64", [step("oras attach")], subject=one.manifest.descriptor())
    put_image(store, name, referrer)
    for blob in (note, config):
        store.put_blob(name, blob.raw)
    listed = referrer.manifest.descriptor(artifactType="application/vnd.example.note.v1")
    put_index(store, name, index([listed]), (plain,))


def _build_hostile(store: Store) -> None:
    name = PLACE + "hostile"
    images = []
    for where in ("linux/amd64", "linux/arm64"):
        one = image(
            where,
            [
                layer(f"RUN {HOSTILE} # buildkit", {"evil": where.encode()}),
                step(f"LABEL {HOSTILE}"),
            ],
            settings={
                "User": HOSTILE,
                "Env": [f"EVIL={HOSTILE}"],
                "Entrypoint": [HOSTILE],
                "Cmd": [HOSTILE],
                "WorkingDir": f"/{HOSTILE}",
                "Labels": {HOSTILE: HOSTILE},
            },
            annotations={HOSTILE: HOSTILE},
        )
        put_image(store, name, one)
        images.append(one)
    entries = [one.entry(annotations={"org.opencontainers.image.title": HOSTILE}) for one in images]
    put_index(store, name, index(entries, annotations={HOSTILE: HOSTILE}), LATEST)
    store.repository(name).quirks = Quirks(listed=("\x1b[2J-tag", "[link=x]tag[/link]", "\u202egat", HOSTILE, ""))
