"""The grammar of references: thirty rows that were run through `docker`, and what people paste."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.digest import Digest
from tui.oci.errors import MalformedReference, OciError
from tui.oci.reference import (
    Reference,
    api_host,
    credential_key,
    fallback_tag,
    is_loopback,
    is_repository,
    is_tag,
    parse_registry,
)

H64, H128 = "0e32bf6b" * 8, "0e32bf6b" * 16
SHA256, SHA512 = f"sha256:{H64}", f"sha512:{H128}"
HUB = "docker.io"

GOOD: list[tuple[int, str, str, str, str | None, str | None]] = [
    (1, "ubuntu", HUB, "library/ubuntu", "latest", None),
    (2, "ubuntu:24.04", HUB, "library/ubuntu", "24.04", None),
    (3, "bitnami/redis", HUB, "bitnami/redis", "latest", None),
    (4, "docker.io/ubuntu", HUB, "library/ubuntu", "latest", None),
    (4, "index.docker.io/ubuntu", HUB, "library/ubuntu", "latest", None),
    (5, "registry-1.docker.io/library/ubuntu", "registry-1.docker.io", "library/ubuntu", "latest", None),
    (6, "docker.io/library/ubuntu/extra", HUB, "library/ubuntu/extra", "latest", None),
    (7, "localhost", HUB, "library/localhost", "latest", None),
    (8, "localhost/app", "localhost", "app", "latest", None),
    (9, "localhost:5000/app", "localhost:5000", "app", "latest", None),
    (10, "test.com:5000", HUB, "library/test.com", "5000", None),
    (11, "test:5000/repo", "test:5000", "repo", "latest", None),
    (12, "myhost/app", HUB, "myhost/app", "latest", None),
    (13, "MyHost/app", "MyHost", "app", "latest", None),
    (15, "ghcr.io/org/app:V1.0", "ghcr.io", "org/app", "V1.0", None),
    (16, "127.0.0.1:5000/a/b/c:x", "127.0.0.1:5000", "a/b/c", "x", None),
    (17, "[::1]:5000/app:1", "[::1]:5000", "app", "1", None),
    (19, "xn--n3h.com/img", "xn--n3h.com", "img", "latest", None),
    (20, "a__b/c", HUB, "a__b/c", "latest", None),
    (20, "a--b/c", HUB, "a--b/c", "latest", None),
    (22, f"app:1@{SHA256}", HUB, "library/app", "1", SHA256),
    (25, f"app@{SHA512}", HUB, "library/app", None, SHA512),
    (26, f"docker.io/{H64}", HUB, f"library/{H64}", "latest", None),
    (27, "app:_ok", HUB, "library/app", "_ok", None),
    (28, "ghcr.io:443/org/app", "ghcr.io:443", "org/app", "latest", None),
    (29, "foo_bar.com:8080", HUB, "library/foo_bar.com", "8080", None),
    (30, "app:" + "t" * 128, HUB, "library/app", "t" * 128, None),
    (30, "ghcr.io/" + "p" * 255, "ghcr.io", "p" * 255, "latest", None),
]

BAD: list[tuple[int, str, str]] = [
    (14, "Ubuntu", "must be lower case"),
    (14, "ghcr.io/Org/app", "must be lower case"),
    (18, "::1:5000/app", "brackets"),
    (18, "[fe80::1%eth0]:5000/app", "zone"),
    (18, "[2001:db8::1]", "not a repository name"),
    *[(21, text, "not a repository name") for text in ("a___b/c", "foo/-bar", "foo/bar-", "foo//bar")],
    (21, "a..b/c", "not a host name"),
    (21, "a-_b/c", "not a repository name"),
    (21, "foo/bar/", "not a repository name"),
    (23, f"app@{SHA256}:1", "digest"),
    (24, f"app@sha256:{H64[:-1]}", "short digest"),
    (24, f"app@sha256:{H64.upper()}", "lower-case"),
    (24, f"app@md5:{H64[:32]}", "sha256 or sha512"),
    (24, "app@", "names no digest"),
    (24, "app:", "not a tag"),
    (26, H64, "image ID"),
    (27, "app:-bad", "not a tag"),
    (27, "app:1.2.3\N{PLUS SIGN}build", "not a tag"),
    (29, "foo_bar.com/app", "not a host name"),
    (30, "app:" + "t" * 129, "not a tag"),
    (30, "ghcr.io/" + "p" * 256, "256 characters"),
    (30, " ubuntu", "blank"),
    (30, "ubuntu\n", "blank"),
    (30, "ｕbuntu", "not a repository name"),
    (30, "https://ghcr.io/org/app", "scheme"),
    (30, "example.com./app", "not a host name"),
]


@pytest.mark.parametrize(("row", "text", "registry", "repository", "tag", "digest"), GOOD)
def test_rows_that_are_references(
    row: int, text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    reference = Reference.parse(text)
    assert (reference.registry, reference.repository) == (registry, repository)
    assert (reference.tag, reference.digest) == (tag, digest)
    assert reference.selector == (digest or tag)
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.familiar) == reference


@pytest.mark.parametrize(("row", "text", "word"), BAD)
def test_rows_that_are_none(row: int, text: str, word: str) -> None:
    with pytest.raises(MalformedReference) as caught:
        Reference.parse(text)
    assert word in str(caught.value)


def test_all_thirty_rows_are_here() -> None:
    assert {row for row, *_ in GOOD} | {row for row, *_ in BAD} == set(range(1, 31))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "missing"),
        ("sha256:abc", "with all digits"),
        (SHA256, "REPOSITORY@"),
        ("oci:./layout", "kind oci:"),
        ("oci-archive:a.tar", "kind oci-archive:"),
        ("docker-archive:a.tar", "kind docker-archive:"),
        ("ocidir://x", "kind ocidir:"),
        ("storage:/var/lib/registry", "kind storage:"),
        ("ghcr.io:0/app", "port 0"),
        ("ghcr.io:65536/app", "port 65536"),
        ("ghcr.io:99999999/app", "not a host name"),
        ("ghcr.io:/app", "not a host name"),
        ("user:pw@ghcr.io/app", "user name"),
        ("[::1/app", "not a host name"),
        ("[:::1]/app", "not an IPv6 address"),
        ("[1.2.3.4]/app", "not an IPv6 address"),
        ("/app", "not a repository name"),
        ("ghcr.io/", "names no repository"),
        ("docker.io/", "names no repository"),
        ("ubuntu:1:2", "not a tag"),
        (f"app:1@{SHA256}@{SHA256}", "digest"),
        ("ubunt\u0131", "not a repository name"),
        ("ubuntu\u0301", "not a repository name"),
        ("-.com/app", "not a host name"),
        ("a" * 64 + ".com/app", "too long"),
        ("a." * 130 + "com/app", "too long"),
        ("app:\x1b[31m", "\\x1b[31m"),
    ],
)
def test_errors_name_the_kind(text: str, word: str) -> None:
    with pytest.raises(MalformedReference) as caught:
        Reference.parse(text)
    assert word in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("port", [1, 443, 65535])
def test_ports_from_1_to_65535(port: int) -> None:
    assert Reference.parse(f"[2001:db8::1]:{port}/app").registry == f"[2001:db8::1]:{port}"


def test_explicit_is_whether_tag_or_digest_was_written() -> None:
    assert not Reference.parse("ubuntu").explicit
    assert Reference.parse("ubuntu:latest").explicit
    assert Reference.parse(f"ubuntu@{SHA256}").explicit
    assert Reference.parse("ubuntu") == Reference.parse("ubuntu:latest")


@pytest.mark.parametrize(
    ("text", "reference", "note"),
    [
        ("  ubuntu\n", "docker.io/library/ubuntu:latest", ""),
        ("https://ghcr.io/org/app:1", "ghcr.io/org/app:1", "left out the scheme https://"),
        ("HTTP://ghcr.io/org/app", "ghcr.io/org/app:latest", "left out the scheme http://"),
        ("docker://ubuntu:24.04", "docker.io/library/ubuntu:24.04", "left out the scheme docker://"),
        ("https://ghcr.io/org/app/", "ghcr.io/org/app:latest", "left out the scheme https://"),
        ("oci://ghcr.io/org/chart:1", "ghcr.io/org/chart:1", "left out the scheme oci://"),
        (f"https://ghcr.io/app@{SHA256}", f"ghcr.io/app@{SHA256}", "left out the scheme https://"),
        (f"docker://app@{SHA256}", f"docker.io/library/app@{SHA256}", "left out the scheme docker://"),
    ],
)
def test_pasted_text_loses_its_scheme_with_a_note(text: str, reference: str, note: str) -> None:
    found = Reference.from_input(text)
    assert (str(found), found.note) == (reference, note)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("https://hub.docker.com/_/nginx", "image is nginx."),
        ("https://hub.docker.com/r/bitnami/redis/tags", "image is bitnami/redis."),
        ("https://hub.docker.com/search?q=nginx", "query"),
        ("https://hub.docker.com", "page of Docker Hub"),
        ("https://user:secret@ghcr.io/app", "refused"),
        ("https://ghcr.io/app?x=1", "query"),
        ("https://ghcr.io/app#top", "fragment"),
        ("oci://layout/dir", "oci:PATH"),
        ("https://", "missing"),
        ("ftp://ghcr.io/app", "not"),
    ],
)
def test_pasted_text_that_is_refused(text: str, word: str) -> None:
    with pytest.raises(MalformedReference) as caught:
        Reference.from_input(text)
    assert word in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/ubuntu:24.04", "ubuntu:24.04"),
        ("docker.io/bitnami/redis", "bitnami/redis:latest"),
        (f"docker.io/library/ubuntu@{SHA256}", f"ubuntu@{SHA256}"),
        ("ghcr.io/org/app:1", "ghcr.io/org/app:1"),
        # Docker's short form of these would be read back as something else.
        ("docker.io/localhost/app:1", "docker.io/localhost/app:1"),
        ("docker.io/a.b/app:1", "docker.io/a.b/app:1"),
        (f"docker.io/{H64}:1", f"{H64}:1"),
        ("docker.io/library/oci:1", "docker.io/library/oci:1"),
        ("docker.io/library/ubuntu/extra", "library/ubuntu/extra:latest"),
    ],
)
def test_the_familiar_form_reads_back_as_the_same(text: str, familiar: str) -> None:
    assert Reference.parse(text).familiar == familiar


def test_with_tag() -> None:
    reference = Reference.parse("ubuntu")
    assert str(reference.with_tag("1")) == "docker.io/library/ubuntu:1"
    by_digest = Reference.parse(f"ubuntu@{SHA256}")
    assert str(by_digest.with_tag("1")) == "docker.io/library/ubuntu:1", "without a digest"
    assert reference.with_tag("1").explicit
    assert reference.name == "docker.io/library/ubuntu"
    with pytest.raises(MalformedReference):
        reference.with_tag("not a tag")


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("ghcr.io", "ghcr.io"),
        ("localhost:5000", "localhost:5000"),
        ("localhost:5000/", "localhost:5000"),
        ("https://ghcr.io/", "ghcr.io"),
        (" [::1]:5000 ", "[::1]:5000"),
        ("index.docker.io", "docker.io"),
        ("myhost", "myhost"),
    ],
)
def test_registries(text: str, registry: str) -> None:
    assert parse_registry(text) == registry


@pytest.mark.parametrize(
    "text", ["", "ghcr.io/app", "ghcr.io:0", "a b", "foo_bar.com", "u:p@ghcr.io", "https://u:p@ghcr.io", "::1"]
)
def test_what_is_no_registry(text: str) -> None:
    with pytest.raises(MalformedReference):
        parse_registry(text)


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_three_names(name: str) -> None:
    assert api_host(name) == "registry-1.docker.io"
    assert credential_key(name) == "https://index.docker.io/v1/"


def test_other_registries_have_one() -> None:
    assert api_host("ghcr.io") == credential_key("ghcr.io") == "ghcr.io"


@pytest.mark.parametrize(
    ("registry", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("app.localhost:80", True),
        ("LOCALHOST", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("[::1]", True),
        ("10.0.0.1", False),
        ("ghcr.io", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("[::2]", False),
        ("not a host", False),
    ],
)
def test_loopback(registry: str, loopback: bool) -> None:
    assert is_loopback(registry) is loopback


def test_tags_and_repositories() -> None:
    assert is_tag("v1") and not is_tag("") and not is_tag("v1\n") and not is_tag("ü")
    assert is_repository("a/b") and not is_repository("a/B") and not is_repository("a" * 256)


def test_fallback_tags() -> None:
    assert fallback_tag(Digest.parse(SHA256)) == f"sha256-{H64}"
    assert fallback_tag(Digest.parse(SHA512)) == f"sha512-{H128[:64]}"
    odd = Digest.parse("test+algorithm+using+algorithm+separators+and+lots+of+characters+to+excercise+overflow:" + H128)
    assert fallback_tag(odd) == f"test-algorithm-using-algorithm-s-{H128[:64]}"
    assert is_tag(fallback_tag(odd))


NAMES = st.from_regex(r"[a-z0-9]{1,6}(([._]|__|-{1,3})[a-z0-9]{1,6}){0,2}", fullmatch=True)
REFERENCES = st.builds(
    lambda host, path, tag, digest: host + "/".join(path) + tag + digest,
    st.sampled_from(["", "ghcr.io/", "localhost:5000/", "docker.io/", "[::1]:5000/", "MyHost/", "a.b-c.d:1/"]),
    st.lists(NAMES, min_size=1, max_size=3),
    st.just("") | st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    st.sampled_from(["", f"@{SHA256}", f"@{SHA512}"]),
)


@given(REFERENCES | st.text() | st.from_regex(r"[a-zA-Z0-9.:/@_\-\[\]%]{1,40}", fullmatch=True))
def test_parse_format_parse_is_a_fixed_point_and_nothing_else_is_raised(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except OciError:
        return
    for form in (str(reference), reference.familiar):
        again = Reference.parse(form)
        assert again == reference
        assert str(again) == str(reference)
    assert str(reference).isascii() and str(reference).isprintable()


@given(st.text() | REFERENCES.map(lambda text: "https://" + text))
def test_input_raises_nothing_else(text: str) -> None:
    for read in (Reference.from_input, parse_registry):
        try:
            read(text)
        except OciError as error:
            assert {unicodedata.category(char) for char in str(error)}.isdisjoint({"Cc", "Cf", "Cs", "Cn", "Co"})
