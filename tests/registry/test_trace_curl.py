"""The curl line of a request, and what of it is fetched, said, or left to whoever pastes it."""

from __future__ import annotations

import subprocess

import pytest

from tests.app.stage import exchange
from tui.registry.shell_login import ShellLogin, ask_for_token, comment_on
from tui.registry.trace import Trace

TOKENS = "https://auth.test/token?service=s"


def test_a_request_without_a_login_is_a_line_without_a_comment() -> None:
    line = exchange(1).curl()
    assert line == "curl -sS -i -H 'Accept: */*' https://fake.test/v2/app/blobs/1"


def test_the_token_is_fetched_before_it_is_used() -> None:
    sent = exchange(1, request_headers=(("Authorization", "Bearer …"),), how_to_log_in=ask_for_token(TOKENS))
    line = sent.curl()
    assert line.index("TOKEN=$(") == 0 < line.index("); curl ") < line.index("$TOKEN") and "#" not in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("authorization", "how", "variable"),
    [
        ("Basic …", "", "REGISTRY_USER"),
        ("Bearer …", "", "REGISTRY_TOKEN"),
        ("Bearer …", ask_for_token(TOKENS, password=True), "REGISTRY_USER"),
        ("Bearer …", ask_for_token(TOKENS, form=(("service", "it's"),)), "REGISTRY_TOKEN"),
    ],
)
def test_what_is_secret_is_a_variable_and_the_comment_names_it(authorization: str, how: str, variable: str) -> None:
    line = exchange(1, request_headers=(("Authorization", authorization),), how_to_log_in=how).curl()
    code, _, comment = line.partition("  # ")
    assert f"${variable}" in code and comment.startswith(variable) and "…" not in line
    assert comment_on(code) == f"  # {comment}"
    subprocess.run(["sh", "-n", "-c", line], check=True, timeout=20)


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        '{"token":"abc.d-e_f","expires_in":300}',
        '{"access_token": "abc.d-e_f", "refresh_token": "no"}',
        '{\n  "refresh_token": "no",\n  "token" : "abc.d-e_f",\n  "access_token": "abc.d-e_f"\n}',
    ],
)
def test_the_token_is_read_from_whatever_form_the_answer_has(answer: str) -> None:
    read = ask_for_token(TOKENS).partition(" | ")[2]
    done = subprocess.run(["sh", "-c", read], input=answer, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "abc.d-e_f"


def test_the_login_of_a_repository_is_that_of_its_last_reading_request() -> None:
    trace = Trace()
    bearer, basic = (("Authorization", "Bearer …"),), (("Authorization", "Basic …"),)
    trace.exchanges.append(exchange(1, request_headers=bearer))
    assert trace.login("fake.test", "app") == ShellLogin.of("Bearer …", "")
    trace.exchanges.append(exchange(2, request_headers=basic, method="PUT"))
    trace.exchanges.append(exchange(3, request_headers=basic, status=401))
    trace.exchanges.append(exchange(4, request_headers=basic, path="/v2/apple/tags/list"))
    assert trace.login("fake.test", "app") == ShellLogin.of("Bearer …", "")
    trace.exchanges.append(exchange(5))
    assert trace.login("fake.test", "app") is None
    assert trace.login("other.test", "apple") is None
