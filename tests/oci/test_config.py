from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.config import HistoryEntry, ImageConfig, decode_config, parse_time, prettify
from tui.oci.errors import MalformedDocument
from tui.oci.platform import Platform

DIFF = "sha256:" + "c" * 64


def read(document: Any) -> ImageConfig:
    return decode_config(json.dumps(document).encode())


def test_a_whole_config() -> None:
    config = read(
        {
            "created": "2026-01-02T03:04:05.123456789Z",
            "author": "me",
            "architecture": "arm64",
            "os": "linux",
            "variant": "v8",
            "config": {
                "User": "nobody",
                "Entrypoint": ["/app"],
                "Cmd": ["--help"],
                "Env": ["A=1"],
                "Labels": {"k": "v"},
                "ExposedPorts": {"80/tcp": {}},
                "Volumes": {"/data": {}},
                "WorkingDir": "/srv",
                "StopSignal": "SIGINT",
                "Healthcheck": {"Test": ["NONE"]},
            },
            "rootfs": {"type": "layers", "diff_ids": [DIFF]},
            "history": [{"created_by": "COPY a b # buildkit", "comment": "buildkit.dockerfile.v0"}],
        }
    )
    assert config.created == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert config.platform == Platform("linux", "arm64", "v8")
    assert (config.user, config.entrypoint, config.cmd, config.env) == ("nobody", ("/app",), ("--help",), ("A=1",))
    assert (config.labels, config.ports, config.volumes) == ({"k": "v"}, ("80/tcp",), ("/data",))
    assert (config.workdir, config.stop_signal, config.author) == ("/srv", "SIGINT", "me")
    assert config.diff_ids == (DIFF,)
    assert config.commands(1) == ("COPY a b",)
    assert config.warnings == ()
    assert config.document["config"]["Healthcheck"] == {"Test": ["NONE"]}


def test_an_empty_config_is_fine() -> None:
    config = read({})
    assert config.platform is None
    assert config.created is None
    assert config.commands(2) == (None, None)
    assert config.commands(0) == ()
    assert config.warnings == ()


def test_history_is_matched_only_when_it_fits() -> None:
    history = [
        {"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
        {"created_by": '/bin/sh -c #(nop)  CMD ["sh"]', "empty_layer": True},
        {"comment": "imported\x1b[31m from -"},
        {},
    ]
    config = read({"history": history})
    assert config.commands(3) == ("ADD file:1 in /", "imported\\x1b[31m from -", None)
    assert config.commands(2) == (None, None)
    assert config.commands(4) == (None,) * 4


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("", ""),
        ("/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc in /"),
        ('/bin/sh -c #(nop)  CMD ["/bin/sh"]', 'CMD ["/bin/sh"]'),
        ("/bin/sh -c apt-get update \\\n  && apt-get install -y curl", "RUN apt-get update && apt-get install -y curl"),
        ("RUN /bin/sh -c apk add curl # buildkit", "RUN apk add curl"),
        ("RUN |2 A=1 B=two words /bin/sh -c make # buildkit", "RUN make"),
        ("|1 VERSION=3 /bin/sh -c make install", "RUN make install"),
        ("COPY --from=build /app /app # buildkit", "COPY --from=build /app /app"),
        ('ENTRYPOINT ["/app"]', 'ENTRYPOINT ["/app"]'),
        ("cmd /S /C #(nop) COPY dir:1 in C:\\", "COPY dir:1 in C:\\"),
        ("cmd /S /C powershell x", "RUN powershell x"),
        ("bazel build ...", "bazel build ..."),
        ("RUN echo /bin/sh -c x", "RUN echo /bin/sh -c x"),
    ],
)
def test_history_in_the_words_of_a_dockerfile(recorded: str, shown: str) -> None:
    assert prettify(recorded) == shown


def test_a_command_is_one_line_of_safe_text() -> None:
    assert HistoryEntry(created_by="RUN a\n\x1b]0;x\x07\u202e").command == "RUN a \\x1b]0;x\\x07\\u202e"
    assert len(HistoryEntry(created_by="x" * 10_000).command) == 2000


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02t03:04:05.1z", datetime(2026, 1, 2, 3, 4, 5, 100_000, UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456, UTC)),
        ("2026-01-02T03:04:05-05:30", datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("0000-01-01T00:00:00Z", None),
        ("2026-13-02T03:04:05Z", None),
        ("2026-01-02T03:04:05+99:00", None),
        ("2026-01-02T03:04:05", None),
        ("yesterday", None),
        ("2026-01-02T03:04:05Z\n", None),
        ("２026-01-02T03:04:05Z", None),
    ],
)
def test_times(text: str, moment: datetime | None) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"created": 5}, "created is not a time"),
        ({"created": "soon"}, "created is not a time"),
        ({"os": []}, "os is not text"),
        ({"config": []}, "config is not an object"),
        ({"config": {"Env": "A=1"}}, ""),
        ({"config": {"Cmd": [1]}}, "config.Cmd is not a list of text"),
        ({"config": {"Labels": {"k\x1b": 1}}}, "config.Labels.k\\x1b is not text"),
        ({"rootfs": {"diff_ids": ["x"]}}, "rootfs.diff_ids is not a list of digests"),
        ({"history": {}}, "history is not a list of objects"),
        ({"history": [1]}, "history is not a list of objects"),
        ({"history": [{"created_by": 1}]}, "history[0].created_by is not text"),
    ],
)
def test_fields_of_wrong_types_are_left_out_and_named(document: Any, word: str) -> None:
    warnings = read(document).warnings
    assert [warning for warning in warnings if warning.startswith(word)] == list(warnings)
    assert bool(warnings) is bool(word)


def test_a_key_twice_is_a_warning() -> None:
    assert "ambiguous" in decode_config(b'{"os": "linux", "os": "windows"}').warnings[0]


@pytest.mark.parametrize("raw", [b"", b"[]", b"\x1f\x8b", b"null", b" " * (4 * 1024 * 1024 + 1)])
def test_what_is_no_config(raw: bytes) -> None:
    with pytest.raises(MalformedDocument):
        decode_config(raw)


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, "", "\ud800", "x", [], [1], ["x"], {}, {"x": 1}, {"Env": [1]}, [{}], [{"created": 1}]]
)


@given(
    st.dictionaries(
        st.sampled_from(["created", "os", "variant", "config", "rootfs", "history", "author", "x"]), VALUES, max_size=6
    )
)
def test_any_document(document: Any) -> None:
    config = read(document)
    config.commands(3)
    assert all(warning.isprintable() for warning in config.warnings)


@given(st.binary())
def test_any_bytes(raw: bytes) -> None:
    with contextlib.suppress(MalformedDocument):
        decode_config(raw)


@given(st.text())
def test_prettify_takes_any_text_and_gives_one_line(text: str) -> None:
    assert "\n" not in prettify(text)
