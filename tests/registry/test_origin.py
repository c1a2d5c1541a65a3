"""Origins and hostile addresses (docs/protocol-notes.md, B-20, B-22, B-23)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci.reference import api_host
from tui.registry.endpoints import Address, Endpoints, Origin, UnusableUrl, parse_address, resolve_address
from tui.registry.errors import Unreachable
from tui.registry.middleware.redirects import headers_for
from tui.registry.reach import check_reach, is_link_local, is_local
from tui.registry.settings import ClientSettings
from tui.registry.tokens import realm_address

HERE = parse_address("https://reg.example.com/v2/a/blobs/x?y=1")


def test_effective_port_decides() -> None:
    assert parse_address("https://h/x").origin == parse_address("https://h:443/y").origin
    assert parse_address("https://h/x").origin != parse_address("https://h:8443/y").origin
    assert parse_address("HTTPS://H/x").origin == Origin("https", "h", 443)
    assert str(parse_address("http://[::1]:5000/v2/").origin) == "http://[::1]:5000"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "https:///x",
        "ftp://h/x",
        "file:///etc/passwd",
        "https://u@h/x",
        "https://u:p@h/x",
        "https://h/\r\nx: y",
        "https://h/a b",
        "https://h\\@evil/",
        "https://é.example/é",
        "https://h:99999/",
        "x" * 20_000,
    ],
)
def test_unusable(text: str) -> None:
    with pytest.raises(UnusableUrl):
        parse_address(text)


def test_a_signed_query_stays_as_it_is() -> None:
    signed = "https://s3.example.com/b/c%2Fd?X-Sig=a%2Fb%3D%3D&_state=x%20y~*'()"
    assert str(parse_address(signed)) == signed
    assert str(parse_address(signed).with_query("digest=sha256%3A1")) == signed + "&digest=sha256%3A1"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.0.0.1", True),
        ("127.1", True),
        ("2130706433", True),
        ("0x7f.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("::1", True),
        ("fe80::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("8.8.8.8", False),
        ("example.com", False),
        ("cafe.com", False),
        ("2606:4700::1111", False),
    ],
)
def test_local_addresses(host: str, local: bool) -> None:
    assert is_local(host) is local


METADATA = (
    "169.254.169.254",
    "169.254.169.254.",
    "169.254.43518",
    "169.16689662",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "0xA9FEA9FE.",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::a9fe:a9fe",
    "::ffff:0:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::5efe:a9fe:a9fe",
    "2a00:1::5efe:a9fe:a9fe",
    "fe80::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "metadata.google.internal",
    "metadata.google.internal.",
    "Metadata",
    "instance-data.ec2.internal",
)
PRIVATE = (
    "localhost.",
    "a.localhost.",
    "localhost.localdomain",
    "ip6-localhost",
    "0",
    "0x0",
    "017700000001",
    "127.0.0.1.",
    "10.1",
    "0xa.1",
    "012.1.2.3",
    "192.168.257",
    "999.999.999.999",
    "1.2.3.4.5",
    "0x7f.1.1.1.1",
    "4294967296",
    "64:ff9b::a01:203",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "fec0::1",
    "fc00::1",
    "100.64.0.1",
    "224.0.0.1",
    "ff02::1",
    "",
)
PUBLIC = ("8.8.8.8", "8.8.8.8.", "134744072", "64:ff9b::808:808", "2606:4700::1111", "a.example", "1.cdn.example.net")


@pytest.mark.parametrize("host", METADATA)
def test_every_spelling_of_where_clouds_keep_their_secrets(host: str) -> None:
    """Decided by a function; nothing is ever asked there."""
    assert is_link_local(host) and is_local(host)
    there = Address(Origin("https", host.lower(), 443), "/")
    for here in (HERE, Address(Origin("https", "127.0.0.1", 443), "/")):  # not from this machine either
        with pytest.raises(UnusableUrl, match="link-local"):
            check_reach(here, there, lambda name: False)
    check_reach(HERE, there, lambda name: True)


@pytest.mark.parametrize("host", PRIVATE)
def test_every_spelling_of_what_is_not_public(host: str) -> None:
    assert is_local(host) and not is_link_local(host)
    there = Address(Origin("https", host, 443), "/")
    with pytest.raises(UnusableUrl, match="private network"):
        check_reach(HERE, there, lambda name: False)
    check_reach(Address(Origin("https", "10.9.8.7", 443), "/"), there, lambda name: False)


@pytest.mark.parametrize("host", PUBLIC)
def test_what_is_public(host: str) -> None:
    assert not is_local(host) and not is_link_local(host)
    check_reach(HERE, Address(Origin("https", host, 443), "/"), lambda name: False)


@pytest.mark.parametrize("host", ["%31%36%39.254.169.254", "169.254.169.254%2e", "[fe80::1%25eth0]", "a%00b"])
def test_hosts_that_are_written_to_be_misread(host: str) -> None:
    with pytest.raises(UnusableUrl):
        resolve_address(HERE, f"https://{host}/")


@pytest.mark.parametrize(
    ("location", "ok"),
    [
        ("https://cdn.example.net/x?sig=1", True),
        ("/elsewhere", True),
        ("https://reg.example.com:8443/x", True),
        ("http://reg.example.com/x", False),
        ("http://cdn.example.net/x", False),
        ("https://127.0.0.1/x", False),
        ("https://169.254.169.254/latest/meta-data", False),
        ("https://localhost/x", False),
        ("https://u:p@cdn.example.net/x", False),
        ("file:///etc/passwd", False),
    ],
)
def test_where_a_redirect_may_lead(location: str, ok: bool) -> None:
    if ok:
        check_reach(HERE, resolve_address(HERE, location), lambda host: False)
        return
    with pytest.raises(UnusableUrl):
        check_reach(HERE, resolve_address(HERE, location), lambda host: False)


def test_a_configured_private_host_may_be_gone_to() -> None:
    check_reach(HERE, parse_address("https://10.0.0.7/x"), lambda host: host == "10.0.0.7")


def test_only_range_and_accept_travel() -> None:
    headers = (("Accept", "a"), ("Range", "b"), ("X-Thing", "c"), ("Content-Type", "d"))
    assert headers_for(headers, same_origin=False) == (("Accept", "a"), ("Range", "b"))
    assert headers_for(headers, same_origin=True) == headers


@pytest.mark.parametrize(
    ("realm", "ok"),
    [
        ("https://auth.example.com/token", True),
        ("https://reg.example.com/token", True),
        ("/token", True),
        ("http://auth.example.com/token", False),
        ("http://reg.example.com/token", False),
        ("https://127.0.0.1/token", False),
        ("https://169.254.169.254/token", False),
        ("https://[::1]/token", False),
        ("https://0x7f.1/token", False),
        ("https://u:p@auth.example.com/token", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_realms(realm: str, ok: bool) -> None:
    if ok:
        assert realm_address(realm, HERE, lambda host: False).origin.scheme == "https"
        return
    with pytest.raises(UnusableUrl):
        realm_address(realm, HERE, lambda host: False)


def test_a_local_registry_may_have_a_local_token_server() -> None:
    here = parse_address("http://127.0.0.1:5000/v2/")
    assert realm_address("http://127.0.0.1:5001/token", here, lambda host: False).origin.port == 5001


@pytest.mark.parametrize(
    ("registry", "origin"),
    [
        ("ghcr.io", "https://ghcr.io"),
        ("Reg.Example.COM:443", "https://reg.example.com"),
        ("reg.example.com:8443", "https://reg.example.com:8443"),
        ("localhost:5000", "http://localhost:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("docker.io", "https://registry-1.docker.io"),
    ],
)
def test_the_origin_of_a_registry(registry: str, origin: str) -> None:
    assert str(Endpoints(ClientSettings()).origin(registry)) == origin


HOSTILE_NAMES = st.one_of(
    st.from_regex(r"[A-Za-z0-9._-]{1,30}(:[0-9]{0,6})?", fullmatch=True),
    st.from_regex(r"\[[0-9a-fA-F:.%]{0,24}\](:[0-9]{0,6})?", fullmatch=True),
    st.from_regex(r"[0-9.]{1,16}(:[0-9]{1,6})?", fullmatch=True),
    st.text("abc0:@/\\?#[]% .\né", max_size=20),
)


@given(HOSTILE_NAMES)
def test_a_registry_is_nowhere_else_than_where_its_url_leads(name: str) -> None:
    """Names are read without the library that reads URLs. Neither may lead where the other does not."""
    try:
        origin = Endpoints(ClientSettings()).origin(name)
    except Unreachable as error:
        assert "is not a registry name" in str(error)
        return
    assert parse_address(f"{origin.scheme}://{api_host(name)}/v2/").origin == origin


@given(st.text(max_size=200))
def test_resolve_raises_nothing_else(text: str) -> None:
    try:
        address = resolve_address(HERE, text)
    except UnusableUrl:
        return
    assert address.origin.scheme in ("http", "https") and address.origin.host and address.target.startswith("/")
    assert address.target.isascii()
