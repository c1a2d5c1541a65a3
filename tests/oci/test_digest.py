from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest, OciError

HEX = "0e32bf6bcd30" + "a" * 52


def test_parts() -> None:
    digest = Digest.parse(f"sha256:{HEX}")
    assert (digest.algorithm, digest.encoded, digest.short) == ("sha256", HEX, "sha256:0e32bf6bcd30…")
    assert digest.can_verify


def test_it_is_a_str_for_dicts_json_and_copies() -> None:
    digest = Digest.parse(f"sha256:{HEX}")
    assert {digest: 1}[f"sha256:{HEX}"] == 1  # type: ignore[index]
    assert json.dumps(digest) == f'"sha256:{HEX}"'
    assert copy.deepcopy(digest) == digest
    assert type(pickle.loads(pickle.dumps(digest))) is Digest
    assert str(digest) == f"sha256:{HEX}"


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_digest_of_bytes(algorithm: str) -> None:
    digest = Digest.of(b"{}", algorithm)
    assert digest == f"{algorithm}:{hashlib.new(algorithm, b'{}').hexdigest()}"
    assert digest.matches(b"{}")
    assert not digest.matches(b"{} ")
    hasher = digest.hasher()
    hasher.update(b"{}")
    assert hasher.hexdigest() == digest.encoded


def test_the_empty_descriptor_constant() -> None:
    assert Digest.of(b"{}") == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    "text", ["blake3:" + "a" * 64, "md5:" + "a" * 32, "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g"]
)
def test_other_algorithms_are_kept_but_cannot_be_verified(text: str) -> None:
    digest = Digest.parse(text)
    assert not digest.can_verify
    with pytest.raises(MalformedDigest, match="cannot verify"):
        digest.matches(b"")


def test_only_known_algorithms_are_computed() -> None:
    with pytest.raises(MalformedDigest, match="sha256 or sha512"):
        Digest.of(b"", "md5")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not a digest"),
        ("sha256", "not a digest"),
        ("sha256:", "not a digest"),
        (":" + HEX, "not a digest"),
        ("sha256:abc", "short digest"),
        ("sha256:" + HEX[:-1], "short digest"),
        ("sha256:" + HEX + "a", "too long"),
        ("sha256:" + HEX.upper(), "lower-case"),
        ("sha256:" + "g" * 64, "lower-case"),
        ("SHA256:" + HEX, "not a digest"),
        ("sha512:" + HEX, "short digest"),
        ("sha256:" + HEX + "\n", "not a digest"),
        (" sha256:" + HEX, "not a digest"),
        ("sha256:" + "１" * 64, "not a digest"),
        ("x:" + "a" * 600, "too long"),
        ("sha256:\x1b[31m", "not a digest"),
    ],
)
def test_what_is_no_digest(text: str, word: str) -> None:
    with pytest.raises(MalformedDigest, match=word) as caught:
        Digest.parse(text)
    assert "\x1b" not in str(caught.value)


def test_a_digest_cannot_be_made_unchecked() -> None:
    with pytest.raises(MalformedDigest):
        Digest("sha256:abc")
    with pytest.raises(MalformedDigest):
        Digest(5)  # type: ignore[arg-type]


@given(st.text() | st.from_regex(r"[a-z0-9]{1,8}([+._-][a-z0-9]{1,3})?:[A-Za-z0-9=_-]{1,140}"))
def test_nothing_but_the_typed_error(text: str) -> None:
    with contextlib.suppress(OciError):
        assert str(Digest.parse(text)) == text


@given(st.binary())
def test_what_is_computed_is_well_formed_and_matches(data: bytes) -> None:
    digest = Digest.of(data)
    assert Digest.parse(str(digest)) is not None
    assert digest.matches(data)


@pytest.mark.slow
def test_a_digest_does_not_wait_for_statements() -> None:
    script = "import sys, tui.oci.digest; print(*[name for name in sys.modules if name.startswith('tui.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    assert set(done.stdout.split()) == {"tui.oci", "tui.oci.digest", "tui.oci.errors", "tui.text"}
