"""`library/hello`: a healthy image as BuildKit makes it today, for five platforms, attested and signed."""

from __future__ import annotations

from typing import Final

from tui.demo.attest import attest, put_attestation, sign
from tui.demo.images import Image, Layer, image, index, layer, noise, put_image, put_index, step
from tui.demo.store import Store

NAME: Final = "library/hello"
PLATFORMS: Final = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64", "linux/s390x")
_ALPINE: Final = {"amd64": "x86_64", "arm64": "aarch64", "arm": "armv7", "riscv64": "riscv64", "s390x": "s390x"}
_PACKAGES: Final = (
    ("alpine-baselayout", "3.6.8-r1"),
    ("apk-tools", "2.14.6-r3"),
    ("busybox", "1.37.0-r12"),
    ("ca-certificates-bundle", "20250911-r0"),
    ("musl", "1.2.5-r9"),
    ("ssl_client", "1.37.0-r12"),
    ("zlib", "1.3.1-r2"),
)


def build(store: Store) -> None:
    for version, tags, created in (
        ("1.0", ("1.0",), "2026-03-02T14:40:07.220145981Z"),
        ("1.1", ("1.1", "1", "latest"), "2026-05-04T09:12:31.518204734Z"),
    ):
        images = [_image(where, version, created) for where in PLATFORMS]
        attestations = [attest(one, f"{NAME}:{version}", _PACKAGES) for one in images]
        for one in images:
            put_image(store, NAME, one)
        for found in attestations:
            put_attestation(store, NAME, found)
        whole = index(
            [one.entry() for one in images] + [found.entry() for found in attestations],
            annotations={
                "org.opencontainers.image.title": "hello",
                "org.opencontainers.image.version": version,
                "org.opencontainers.image.description": "Says hello, on five platforms",
            },
        )
        put_index(store, NAME, whole, tags)
        sign(store, NAME, whole)


def alpine(where: str) -> list[Layer]:
    """The base image: one layer with a shell, and the step that names it."""
    architecture = where.split("/")[1]
    name = _ALPINE[architecture]
    return [
        layer(
            f"ADD alpine-minirootfs-3.21.3-{name}.tar.gz / # buildkit",
            {
                "bin/": b"",
                "bin/busybox": noise(f"busybox {name}", 62_000 + 3_100 * (len(name) + ord(name[0]) % 7)),
                "etc/": b"",
                "etc/alpine-release": b"3.21.3\n",
                "etc/os-release": b'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.21.3\n',
                "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                f"lib/ld-musl-{name}.so.1": noise(f"musl {name}", 24_000 + 900 * (ord(name[-1]) % 9)),
            },
        ),
        step('CMD ["/bin/sh"]'),
    ]


def _image(where: str, version: str, created: str) -> Image:
    labels = {
        "org.opencontainers.image.source": "https://git.example/hello",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.version": version,
    }
    return image(
        where,
        [
            *alpine(where),
            step("LABEL org.opencontainers.image.source=https://git.example/hello"),
            layer(
                "RUN /bin/sh -c adduser -D -H hello # buildkit",
                {
                    "etc/": b"",
                    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nhello:x:1000:1000::/:/sbin/nologin\n",
                    "etc/group": b"root:x:0:\nhello:x:1000:\n",
                },
            ),
            layer(
                "COPY /out/hello /usr/local/bin/hello # buildkit",
                {"usr/local/bin/hello": noise(f"hello {version} {where}", 17_000 + 37 * len(where))},
            ),
            step("ENV GREETING=hello"),
            step("USER hello"),
            step("EXPOSE map[8080/tcp:{}]"),
            step('ENTRYPOINT ["/usr/local/bin/hello"]'),
        ],
        settings={
            "User": "hello",
            "ExposedPorts": {"8080/tcp": {}},
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "GREETING=hello"],
            "Entrypoint": ["/usr/local/bin/hello"],
            "Cmd": ["--world"],
            "WorkingDir": "/",
            "Labels": labels,
        },
        created=created,
    )
