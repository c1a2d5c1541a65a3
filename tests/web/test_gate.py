"""Who comes in, and who does not: every decision, without a network."""

from __future__ import annotations

import pytest

from tui.web.gate import MOST_COOKIES, Address, Gate

HERE = Address("127.0.0.1", 8000)
OWN = "127.0.0.1:8000"


class Door:
    """A gate, and the links that it told."""

    def __init__(self, address: Address = HERE) -> None:
        self.links: list[str] = []
        self.gate = Gate(address, self.links.append)
        self.gate.open_up()

    @property
    def token(self) -> str:
        return self.links[-1].partition("token=")[2]

    def status(self, path: str = "/", token: str | None = None, **headers: str) -> int:
        query = {} if token is None else {"token": token}
        return self.gate.judge(path, query, {"Host": OWN} | headers).status

    def let_in(self) -> str:
        """The Cookie header of a browser that opened the link."""
        answer = self.gate.judge("/", {"token": self.token}, {"Host": OWN})
        assert answer.status == 303
        return f"{self.gate.cookie_name}={answer.cookie}"


def test_the_link_names_the_server_and_holds_32_bytes() -> None:
    door = Door()
    assert door.links[0].startswith(f"http://{OWN}/?token=") and len(door.token) == 43
    assert Door().token != door.token


@pytest.mark.parametrize("path", ["/", "/ws", "/download/1", "/static/js/textual.js", "/page/page.js", "/nothing"])
def test_nothing_is_shown_without_a_cookie(path: str) -> None:
    door = Door()
    ours = {"Origin": f"http://{OWN}"}
    assert door.status(path, **ours) == 401
    assert door.status(path, **ours, Cookie=f"{door.gate.cookie_name}=") == 401
    assert door.status(path, **ours, Cookie=f"{door.gate.cookie_name}={door.token}") == 401, "the token is no cookie"
    assert door.status(path, **ours, Cookie=door.let_in()) == 200


def test_a_token_is_traded_once_and_for_the_page_only() -> None:
    door = Door()
    first = door.token
    assert door.status("/ws", first, Origin=f"http://{OWN}") == 401
    assert door.status("/static/js/textual.js", first) == 401
    assert door.status("/", first) == 303
    assert door.status("/", first) == 401 and len(door.links) == 2
    assert door.status("/", door.token) == 303, "the next browser has a link of its own"


def test_who_is_in_already_uses_up_no_link() -> None:
    door = Door()
    used, cookie = door.token, door.let_in()
    assert door.status("/", used, Cookie=cookie) == 303, "its own link from the browser's history"
    assert door.status("/", door.token, Cookie=cookie) == 303 and len(door.links) == 2
    assert door.status("/", door.token) == 303, "the printed link still works, for the next browser"


@pytest.mark.parametrize("token", ["", "x", "\udcff", "é" * 43, "a" * 100_000])
def test_a_wrong_token_is_refused_and_leaves_the_right_one(token: str) -> None:
    door = Door()
    assert door.status("/", token) == 401 and len(door.links) == 1
    assert door.status("/", door.token) == 303


def test_before_it_is_opened_no_token_is_right() -> None:
    gate = Gate(HERE, lambda link: None)
    assert gate.judge("/", {"token": ""}, {"Host": OWN}).status == 401


@pytest.mark.parametrize("host", [OWN, "localhost:8000", "LOCALHOST:8000", "[::1]:8000"])
def test_the_names_of_loopback_are_ours(host: str) -> None:
    door = Door()
    cookie = door.let_in()
    assert door.status("/", Host=host, Cookie=cookie) == 200
    assert door.status("/ws", Host=host, Cookie=cookie, Origin=f"http://{host.lower()}") == 200


@pytest.mark.parametrize(
    "host",
    ["", "rebound.example:8000", "127.0.0.1", "127.0.0.1:8001", "127.0.0.1:8000.example", "localhost:8000@x", "[::1]",
     "127.0.0.1:", "localhost:99999999999", "0.0.0.0:8000", "127.0.0.1:８000"],
)  # fmt: skip
def test_a_foreign_host_is_refused_whatever_it_brings(host: str) -> None:
    door = Door()
    cookie = door.let_in()
    assert door.status("/", Host=host, Cookie=cookie) == 403
    assert door.status("/", door.token, Host=host) == 403


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil.example", "http://127.0.0.1:8001", "https://127.0.0.1:8000", "http://localhost:8000"],
)
def test_a_foreign_origin_is_refused_on_every_path(origin: str) -> None:
    door = Door()
    cookie = door.let_in()
    for path in ("/", "/ws", "/download/1", "/static/js/textual.js"):
        assert door.status(path, Cookie=cookie, Origin=origin) == 403


def test_a_connection_must_say_where_it_comes_from() -> None:
    door = Door()
    cookie = door.let_in()
    assert door.status("/ws", Cookie=cookie) == 403
    assert door.status("/ws", Cookie=cookie, Origin=f"http://{OWN}") == 200


def test_a_cookie_that_cannot_be_read_is_none() -> None:
    door = Door()
    for cookie in ("\x00", "=;=", 'a="', f"{door.gate.cookie_name}", "a" * 100_000):
        assert door.status(Cookie=cookie) == 401


def test_servers_on_other_ports_have_cookies_of_their_own() -> None:
    assert Door(Address("127.0.0.1", 8001)).gate.cookie_name != Door().gate.cookie_name


def test_so_many_browsers_and_the_first_one_goes() -> None:
    door = Door()
    first, second = door.let_in(), door.let_in()
    others = [door.let_in() for _ in range(MOST_COOKIES - 1)]
    assert door.status(Cookie=first) == 401
    assert {door.status(Cookie=cookie) for cookie in (second, *others)} == {200}


def test_a_proxy_with_tls_has_its_own_name_and_scheme() -> None:
    door = Door(Address("127.0.0.1", 8000, "https://fanfold.example"))
    assert door.links[0].startswith("https://fanfold.example/?token=") and door.gate.secure and not Door().gate.secure
    cookie = door.let_in()
    proxied = {"Host": "fanfold.example", "Cookie": cookie}
    assert door.status("/ws", **proxied, Origin="https://fanfold.example") == 200
    assert door.status("/ws", **proxied, Origin="http://fanfold.example") == 403


def test_an_address_of_its_own_is_the_only_name() -> None:
    address = Address("192.0.2.7", 8000)
    assert not address.loopback and address.shown == "http://192.0.2.7:8000"
    assert address.origin_of("192.0.2.7:8000") == "http://192.0.2.7:8000"
    assert address.origin_of("localhost:8000") is None


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80")])
def test_everywhere_any_number_is_ours_and_no_name(host: str, shown: str) -> None:
    address = Address(host, 80)
    assert address.everywhere and not address.loopback and address.shown == shown
    assert address.origin_of("192.0.2.7") == "http://192.0.2.7" and address.origin_of("[2001:db8::1]:80")
    assert address.origin_of("rebound.example") is None and address.origin_of("192.0.2.7:81") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert Address(host, 1).loopback and not Address(host, 1).everywhere
