"""What people paste: web pages, command lines, manifests of a cluster, messages of a build; and what they get."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.sources.pasted import LIMIT, READABLE, read_pasted
from tui.sources.spec import parse_source

SHA = "sha256:" + "a" * 64

PASTED = [
    # references and digests
    ("ubuntu:24.04", "ubuntu:24.04"),
    ("  ghcr.io/team/app:1.4\n", "ghcr.io/team/app:1.4"),
    (f"ghcr.io/team/app@{SHA}", f"ghcr.io/team/app@{SHA}"),
    (SHA, SHA),
    ("localhost:5000", "localhost:5000"),
    ("oci:build/out", "oci:build/out"),
    ('"ghcr.io/team/app:1.4",', "ghcr.io/team/app:1.4"),
    # web pages
    ("https://hub.docker.com/r/ocaml/opam/tags", "docker.io/ocaml/opam"),
    ("https://hub.docker.com/r/ocaml/opam", "docker.io/ocaml/opam"),
    ("https://hub.docker.com/_/ubuntu", "docker.io/library/ubuntu"),
    ("https://hub.docker.com/layers/ocaml/opam/debian-12/images/sha256-abc", "docker.io/ocaml/opam:debian-12"),
    ("https://hub.docker.com/v2/repositories/ocaml/opam/tags", "docker.io/ocaml/opam"),
    ("https://github.com/team/app/pkgs/container/app", "ghcr.io/team/app"),
    ("https://github.com/orgs/Team/packages/container/package/app", "ghcr.io/team/app"),
    ("https://quay.io/repository/team/app", "quay.io/team/app"),
    ("https://quay.io/repository/team/app?tab=tags", "quay.io/team/app"),
    ("https://quay.io/repository/team/app/tag/1.4", "quay.io/team/app:1.4"),
    (f"https://quay.io/repository/team/app/manifest/{SHA}", f"quay.io/team/app@{SHA}"),
    ("https://harbor.example.com/harbor/projects/7/repositories/team%2Fapp", "harbor.example.com/team/app"),
    (
        f"https://harbor.example.com/harbor/projects/7/repositories/team%2Fapp/artifacts-tab/artifacts/{SHA}",
        f"harbor.example.com/team/app@{SHA}",
    ),
    ("https://gitlab.example.com/team/app/-/container_registry", "registry.gitlab.example.com/team/app"),
    ("https://gitlab.example.com/team/app/container_registry/-/42", "registry.gitlab.example.com/team/app"),
    ("https://localhost:5000/v2/team/app/manifests/1.4", "localhost:5000/team/app:1.4"),
    (f"http://localhost:5000/v2/team/app/manifests/{SHA}", f"localhost:5000/team/app@{SHA}"),
    (f"http://localhost:5000/v2/team/app/blobs/{SHA}", "localhost:5000/team/app"),
    # command lines
    ("docker pull ghcr.io/team/app:1.4", "ghcr.io/team/app:1.4"),
    ("$ docker pull --platform linux/arm64 team/app:1.4", "team/app:1.4"),
    ("docker run --rm -it ubuntu:24.04", "ubuntu:24.04"),
    ("sudo podman pull quay.io/team/app", "quay.io/team/app"),
    ("docker manifest inspect team/app:1.4", "team/app:1.4"),
    ("docker buildx imagetools inspect team/app:1.4", "team/app:1.4"),
    ("skopeo inspect docker://ghcr.io/team/app:1.4", "ghcr.io/team/app:1.4"),
    ("crane digest ghcr.io/team/app:1.4", "ghcr.io/team/app:1.4"),
    # files
    ("        image: ghcr.io/team/app:1.4", "ghcr.io/team/app:1.4"),
    ('  - image: "team/app:1.4"', "team/app:1.4"),
    ('"image": "team/app:1.4",', "team/app:1.4"),
    ("containers:\n  - name: app\n    image: team/app:1.4\n", "team/app:1.4"),
    ("FROM ubuntu:24.04", "ubuntu:24.04"),
    ("FROM --platform=linux/amd64 ubuntu:24.04 AS build", "ubuntu:24.04"),
    # messages
    ("ERROR: failed to solve: ghcr.io/team/app:1.4: manifest unknown", "ghcr.io/team/app:1.4"),
    ('failed to resolve reference "ghcr.io/team/app:1.4": not found', "ghcr.io/team/app:1.4"),
    ("failed to resolve source metadata for docker.io/team/app:1.4: no match for platform", "docker.io/team/app:1.4"),
    ("Error response from daemon: manifest for team/app:1.4 not found: manifest unknown", "team/app:1.4"),
    ("Error response from daemon: pull access denied for team/app, repository does not exist", "team/app"),
    ("docker.io/team/app:1.4 is a manifest list", "docker.io/team/app:1.4"),
    ("team/app:1.4 is a manifest list", "team/app:1.4"),
    ("Unable to find image 'team/app:1.4' locally", "team/app:1.4"),
    ('Back-off pulling image "ghcr.io/team/app:1.4"', "ghcr.io/team/app:1.4"),
    ('Failed to pull image "team/app:1.4": rpc error: code = NotFound', "team/app:1.4"),
    ("no such manifest: docker.io/team/app:1.4", "docker.io/team/app:1.4"),
    ("The push refers to repository [localhost:5000/app]\nmanifest blob unknown: blob unknown", "localhost:5000/app"),
    ("level=fatal msg=initializing source docker://ghcr.io/team/app:1.4: reading manifest", "ghcr.io/team/app:1.4"),
    (f"manifest blob unknown: blob unknown to registry: {SHA}", SHA),
    ("\x1b[31m ERROR \x1b[0m failed to solve: ghcr.io/team/app:1.4: not found", "ghcr.io/team/app:1.4"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "found"), PASTED)
def test_what_is_pasted_is_read_to_what_it_is_about(text: str, found: str) -> None:
    assert read_pasted(text).text == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "no image is named in these words",
        "https://www.example.com/",
        "https://hub.docker.com/search?q=opam",
        "https://harbor.example.com/harbor/projects/7/repositories/app/artifacts-tab",
        "manifest blob unknown",
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
    ],
)
def test_what_names_no_image_is_answered_with_what_can_be_read(text: str) -> None:
    assert read_pasted(text).text in ("", "https://www.example.com/") and "error message" in READABLE


@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(st.sampled_from([pasted for pasted, _ in PASTED]) | st.text(max_size=20)).map(" ".join),
    )
)
def test_nothing_raises_and_what_is_found_can_be_opened(text: str) -> None:
    found = read_pasted(text).text
    assert not found or found.startswith("sha256:") or parse_source(found)


def test_a_log_of_any_size_is_read_to_its_limit() -> None:
    assert read_pasted("x " * LIMIT + "docker pull ubuntu").text == ""


def test_a_message_that_never_comes_to_its_point_is_read_in_time() -> None:
    text = "failed to pull " * (LIMIT // 15)
    began = time.process_time()
    assert read_pasted(text).text == ""
    assert time.process_time() - began < 0.3  # it took more than twice that, by the square of its length
