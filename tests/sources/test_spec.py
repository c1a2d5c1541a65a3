"""What somebody types: which source, and what of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tui.oci.errors import MalformedReference
from tui.sources.spec import parse_source

SHA = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "selector"),
    [
        ("ubuntu", "docker.io", "library/ubuntu", None),
        ("ubuntu:24.04", "docker.io", "library/ubuntu", "24.04"),
        ("ghcr.io/org/app:1.0", "ghcr.io", "org/app", "1.0"),
        ("ghcr.io/org/app", "ghcr.io", "org/app", None),
        (f"localhost:5000/app@{SHA}", "localhost:5000", "app", SHA),
        (f"localhost:5000/app:1@{SHA}", "localhost:5000", "app", SHA),
        ("localhost:5000", "localhost:5000", None, None),
        ("localhost", "localhost", None, None),
        ("localhost:5000/", "localhost:5000", None, None),
        ("127.0.0.1:5005", "127.0.0.1:5005", None, None),
        ("ghcr.io", "ghcr.io", None, None),
        ("[::1]:5000", "[::1]:5000", None, None),
        ("http://localhost:5000/", "localhost:5000", None, None),
        ("https://ghcr.io/org/app:1", "ghcr.io", "org/app", "1"),
        ("  ghcr.io/org/app:1\n", "ghcr.io", "org/app", "1"),
        ("myregistry:5000/app", "myregistry:5000", "app", None),
        ("redis:7", "docker.io", "library/redis", "7"),
    ],
)
def test_registries(text: str, registry: str, repository: str | None, selector: str | None) -> None:
    spec = parse_source(text)
    assert (spec.kind, spec.registry, spec.repository, spec.selector) == ("registry", registry, repository, selector)
    assert spec.explicit == (selector is not None)


@pytest.mark.parametrize(
    ("text", "kind", "path", "selector"),
    [
        ("oci:build/out", "oci-layout", "build/out", None),
        ("oci:build/out:1.0", "oci-layout", "build/out", "1.0"),
        ("oci-archive:image.tar", "oci-archive", "image.tar", None),
        ("oci-archive:image.tar:latest", "oci-archive", "image.tar", "latest"),
        ("docker-archive:/tmp/save.tar", "docker-archive", "/tmp/save.tar", None),
        ("storage:/var/lib/registry", "storage", "/var/lib/registry", None),
        ("docker-manifests:", "docker-manifests", None, None),
        ("docker-manifests:/home/me/.docker/manifests", "docker-manifests", "/home/me/.docker/manifests", None),
    ],
)
def test_places_on_disk(text: str, kind: str, path: str | None, selector: str | None) -> None:
    spec = parse_source(text)
    assert (spec.kind, spec.path, spec.selector) == (kind, Path(path) if path else None, selector)
    assert spec.registry is None


def test_a_path_that_exists_may_hold_a_colon(tmp_path: Path) -> None:
    folder = tmp_path / "out:1.0"
    folder.mkdir()
    assert parse_source(f"oci:{folder}").selector is None
    assert parse_source(f"oci:{folder}:2.0").selector == "2.0"


def test_names_in_a_layout_are_any_names(tmp_path: Path) -> None:
    assert parse_source(f"oci:{tmp_path}:registry.example/app:1.0").selector == "registry.example/app:1.0"
    spec = parse_source(f"oci:{tmp_path}@{SHA}")
    assert (spec.path, spec.repository, spec.selector) == (tmp_path, "", SHA)
    assert parse_source(f"oci:{tmp_path}:1.0@{SHA}").selector == SHA
    with pytest.raises(MalformedReference):
        parse_source(f"oci:{tmp_path}@sha256:abc")


@pytest.mark.parametrize(
    ("name", "repository", "selector"),
    [
        ("", "", None),
        (":app", "app", None),
        (":app:1", "app", "1"),
        (":ghcr.io/org/app:1", "ghcr.io/org/app", "1"),
        (":docker.io/library/app:1", "app", "1"),
        (f":app@{SHA}", "app", SHA),
        (f":app:1@{SHA}", "app", SHA),
        (f"@{SHA}", "", SHA),
    ],
)
def test_what_docker_saved_holds_repositories(tmp_path: Path, name: str, repository: str, selector: str | None) -> None:
    saved = tmp_path / "saved.tar"
    saved.touch()
    spec = parse_source(f"docker-archive:{saved}{name}")
    assert (spec.path, spec.repository, spec.selector) == (saved, repository, selector)
    with pytest.raises(MalformedReference):
        parse_source(f"docker-archive:{saved}:UPPER:1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oci:",
        "storage:",
        "App/Upper:1",
        "a b",
        "oci:x:not a tag",
        "user:secret@host/app",
        "sha256:abc",
        "x@",
        "oci:a\0b",
        "host:5000/app:1/",
        "host:5000/app//",
        "app@sha256:" + "0" * 64 + "/",
    ],
)
def test_what_is_malformed_says_so(text: str) -> None:
    with pytest.raises(MalformedReference) as caught:
        parse_source(text)
    assert str(caught.value).endswith((".", "."))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text", ["./image.tar", "../layout", "/tmp/layout", "~/layout", ".", "file:///tmp/x", "image.tar.gz"]
)
def test_a_path_alone_is_told_what_to_write_before_it(text: str) -> None:
    with pytest.raises(MalformedReference, match=r"is a path; say of what kind: oci:PATH"):
        parse_source(text)


@pytest.mark.parametrize(("text", "repository"), [("localhost:5000/team/app/", "team/app"), ("ubuntu:5/a/", "a")])
def test_a_slash_at_its_end_means_every_tag_of_a_repository(text: str, repository: str) -> None:
    spec = parse_source(text)
    assert (spec.repository, spec.selector, spec.every) == (repository, None, True)
    assert parse_source(text.removesuffix("/")).every is False and parse_source("localhost:5000/").repository is None


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive", "docker-manifests", "storage"])
def test_the_home_of_nobody_is_a_path_like_any_other(kind: str) -> None:
    assert str(parse_source(f"{kind}:~nobody-of-this-name/x").path) == "~nobody-of-this-name/x"


def test_a_path_that_may_not_be_looked_at_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it holds a colon cannot be seen then, so what follows the last one is the tag."""

    def refuse(path: object, **_more: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "stat", refuse)
    spec = parse_source("oci:/closed/layout:1.0")
    assert (spec.path, spec.selector) == (Path("/closed/layout"), "1.0")
    assert parse_source("oci:/closed/" + "x" * 5000).selector is None
