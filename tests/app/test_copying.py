"""Copying and saving: what goes out is whole, and what is said about it is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.stage import Stage, exchange, staged
from tui.app.clipboard import OSC52_MOST, Mode, far_away, hand, osc52
from tui.config import Settings
from tui.registry.shell_login import ask_for_token

pytestmark = pytest.mark.slow


class Terminal:
    """Takes what is written to the terminal."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def __call__(self, text: str) -> None:
        self.written.append(text)


def never(text: str) -> None:
    raise AssertionError(f"the native tool was asked to copy {text!r}")


async def test_a_native_tool_is_used_where_there_is_a_screen() -> None:
    copied: list[str] = []
    terminal = Terminal()
    handed = await hand("sha256:abc", terminal, {"DISPLAY": ":0"}, native=copied.append)
    assert handed.way == "native" and copied == ["sha256:abc"] and not terminal.written


@pytest.mark.parametrize("environ", [{"SSH_CONNECTION": "a b c d", "DISPLAY": ":0"}, {"SSH_TTY": "/dev/pts/1"}])
async def test_over_ssh_the_terminal_is_asked(environ: dict[str, str]) -> None:
    assert far_away(environ)
    terminal = Terminal()
    handed = await hand("text", terminal, environ, native=never)
    assert handed.way == "osc52" and terminal.written == ["\x1b]52;c;dGV4dA==\a"]
    assert "Paste empty?" in handed.words and "Copied" not in handed.words


async def test_a_browser_is_far_away_whatever_was_configured() -> None:
    environ = {"DISPLAY": ":0", "TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    assert far_away(environ)
    modes: tuple[Mode, ...] = ("auto", "native", "osc52")
    for mode in modes:
        terminal = Terminal()
        handed = await hand("text", terminal, environ, mode=mode, native=never)
        assert handed.way == "osc52" and terminal.written == ["\x1b]52;c;dGV4dA==\a"]
        assert "your browser" in handed.words and "Copied" not in handed.words


async def test_a_broken_tool_falls_back_and_a_hanging_one_is_left() -> None:
    import time

    def broken(text: str) -> None:
        raise RuntimeError("no mechanism")

    terminal = Terminal()
    assert (await hand("t", terminal, {"DISPLAY": ":0"}, native=broken)).way == "osc52"
    began = time.monotonic()
    handed = await hand("t", terminal, {"DISPLAY": ":0"}, native=lambda _: time.sleep(0.5), seconds=0.05)
    assert handed.way == "osc52" and time.monotonic() - began < 0.4
    refused = await hand("t", terminal, {}, mode="native", native=broken)
    assert refused.way == "nowhere" and refused.words.startswith("Not copied")


def test_tmux_and_screen_pass_the_sequence_on() -> None:
    assert osc52("t", {"TMUX": "/tmp/x"}) == "\x1bPtmux;\x1b\x1b]52;c;dA==\a\x1b\\"
    wrapped = osc52("x" * 3000, {"TERM": "screen-256color"})
    assert wrapped is not None and wrapped.count("\x1bP") == wrapped.count("\x1b\\") > 1
    assert osc52("x" * (OSC52_MOST + 1), {}) is None


async def test_too_much_for_a_terminal_is_said() -> None:
    terminal = Terminal()
    handed = await hand("x" * (OSC52_MOST + 1), terminal, {}, native=never)
    assert handed.way == "nowhere" and not terminal.written and "saves it" in handed.words


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def copied(stage: Stage, *keys: str) -> str:
    """Press keys and wait for what comes to the clipboard."""
    stage.copied.clear()
    await stage.press(keys[0])
    if len(keys) > 1:
        await stage.until(lambda: stage.app.screen is not stage.main)
        await stage.press(*keys[1:])
    await stage.until(lambda: stage.copied, f"something copied by {keys}")
    await stage.until(lambda: stage.app.screen is stage.main)
    return stage.copied[-1]


async def test_everything_that_can_be_copied_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/arm64")
        digest = str(stage.images.arm64.digest)
        assert await copied(stage, "c") == digest
        await stage.until(lambda: digest[:40] in stage.screen() and "system's clipboard" in stage.screen())
        assert await copied(stage, "y", "d") == digest
        assert await copied(stage, "y", "r") == f"fake.test/app@{digest}"
        assert await copied(stage, "y", "t") == "fake.test/app:1.0"
        assert await copied(stage, "y", "p") == f"docker pull --platform linux/arm64 fake.test/app@{digest}"
        curl = await copied(stage, "y", "u")
        assert curl.startswith("curl") and digest in curl
        assert (await copied(stage, "y", "j")).encode() == stage.images.arm64.raw
        report = await copied(stage, "y", "m")
        assert digest in report and "linux/arm64" in report
        assert json.loads(await copied(stage, "y", "J"))["reference"] == "fake.test/app:1.0"


async def chosen_link(stage: Stage, what: str, value: str) -> None:
    """Tab through the page to a link."""
    view = stage.main.page_view
    links = [link for _, link in view._links]
    place = next(at for at, link in enumerate(links) if link.target.what == what and value == link.target.value)
    view._chosen = place


async def test_c_and_y_take_the_object_of_the_chosen_link_on_every_tab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/arm64")
        digest = str(stage.images.arm64.digest)
        manifest = stage.node.image_manifest
        assert manifest is not None
        layer = str(manifest.layers[0].digest)
        for tab in ("layers", "json"):
            stage.main.detail.show_tab(tab)
            await stage.until(lambda: layer in stage.page)
            stage.main.panes.focus_pane(2)
            assert await copied(stage, "c") == digest, "no link is chosen: the row"
            assert await copied(stage, "y", "d") == digest
            await chosen_link(stage, "digest", layer)
            assert await copied(stage, "c") == layer
            assert await copied(stage, "y", "d") == layer
            assert await copied(stage, "y", "r") == f"fake.test/app@{layer}"
        stage.main.detail.show_tab("explain")
        await stage.until(lambda: "Commands" in stage.page)
        stage.main.panes.focus_pane(2)
        # A row that is linked by its name.
        assert stage.node.parent is not None
        index = str(stage.node.parent.digest)
        view = stage.main.page_view
        rows = {link.target.value for _, link in view._links if link.target.what == "node"}
        tag = next(key for key in rows if str(getattr(stage.main.explorer.get(key), "digest", "")) == index)
        await chosen_link(stage, "node", tag)
        assert await copied(stage, "c") == index
        assert await copied(stage, "y", "d") == index
        # A command is copied by Enter; `c` stays with the digest of the page's object.
        commands = [
            link.target.value for _, link in view._links if link.target.what == "copy" and " " in link.target.value
        ]
        await chosen_link(stage, "copy", commands[0])
        assert await copied(stage, "c") == digest
        assert await copied(stage, "enter") == commands[0]


async def test_c_and_y_are_about_the_row_on_summary_config_and_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/arm64")
        digest = str(stage.images.arm64.digest)
        for tab, shows in (("summary", digest), ("config", "How it runs"), ("findings", "missing-attestation")):
            stage.main.detail.show_tab(tab)
            await stage.until(lambda: shows in stage.page, tab)  # noqa: B023
            stage.main.panes.focus_pane(2)
            assert await copied(stage, "c") == digest, tab
            assert await copied(stage, "y", "d") == digest, tab


async def test_c_and_y_take_what_a_finding_and_a_summary_link_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "2.0")
        await stage.press("enter")
        await stage.until(lambda: "cannot be pulled" in stage.main.status.verdict_line().plain)
        await stage.quiet()
        gone = str(stage.images.broken.blobs[2].digest)
        for tab in ("findings", "summary"):
            stage.main.detail.show_tab(tab)
            await stage.until(lambda: "is missing" in stage.page)
            stage.main.panes.focus_pane(2)
            # On the Summary the matrix has the keys, and its cursor is on what is broken.
            assert await copied(stage, "c") == (gone if tab == "summary" else str(stage.node.digest))
            rows = [link.target.value for _, link in stage.main.page_view._links if link.target.what == "node"]
            of_gone = next(key for key in rows if str(getattr(stage.main.explorer.get(key), "digest", "")) == gone)
            await chosen_link(stage, "node", of_gone)
            assert await copied(stage, "c") == gone, tab
            assert await copied(stage, "y", "d") == gone, tab


async def test_c_and_y_in_the_requests_are_about_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "single")
        asked = "sha256:" + "7" * 64
        url = f"https://fake.test/v2/app/blobs/{asked}"
        stage.trace.exchanges.append(exchange(1, url=url, path=f"/v2/app/blobs/{asked}"))
        stage.trace.exchanges.append(exchange(2, url="https://fake.test/v2/", path="/v2/"))
        said = ("docker-content-digest", asked.replace("7", "8"))
        stage.trace.exchanges.append(exchange(3, path="/v2/app/manifests/1", received=said))
        await stage.press("at")
        await stage.until(lambda: stage.main.requests.count == 3)
        stage.main.panes.focus_pane(3)
        stage.main.requests.go(0)
        curl = await copied(stage, "c")
        assert curl.startswith("curl") and asked in curl
        assert await copied(stage, "y", "u") == curl
        assert await copied(stage, "y", "d") == asked
        assert await copied(stage, "y", "a") == url
        # The same in the request's own page, where the line by hand is a link.
        assert await copied(stage, "enter", "c") == curl
        assert await copied(stage, "enter", "tab", "enter") == curl
        assert await copied(stage, "enter", "y", "d") == asked
        stage.main.requests.go(1)
        await stage.press("y")
        await stage.until(lambda: "no digest in the request or its answer" in stage.screen())
        await stage.press("escape")
        stage.main.requests.go(2)
        assert await copied(stage, "y", "d") == said[1]
        stage.trace.exchanges.clear()
        stage.main.requests.update()
        await stage.press("y")
        await stage.until(lambda: "no requests made" in stage.screen())


async def test_a_linked_digest_without_a_row_is_copied_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from tui.app.pages.parts import page
    from tui.app.styled_text import Line, Target

    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app")
        elsewhere = "sha256:" + "9" * 64
        stage.main.panes.focus_pane(2)
        await stage.quiet()
        made = page(Line().put("there", link=Target("digest", elsewhere)))
        monkeypatch.setattr(stage.main.detail, "_page", lambda node, found: made)
        stage.main.detail.refresh(keep=False)
        await chosen_link(stage, "digest", elsewhere)
        assert await copied(stage, "c") == elsewhere
        await chosen_link(stage, "digest", elsewhere)
        assert await copied(stage, "y", "r") == f"fake.test/app@{elsewhere}"


async def test_the_four_digests_copy_the_one_that_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/arm64")
        assert stage.node.parent is not None
        index, image = str(stage.node.parent.digest), str(stage.images.arm64.digest)
        assert await copied(stage, "f4", "c") == image
        assert await copied(stage, "f4", "tab", "tab", "c") == index


async def test_the_menu_s_curl_line_logs_in_as_the_request_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "single")
        assert "TOKEN" not in await copied(stage, "y", "u")
        how = ask_for_token("https://auth.test/token", password=True)
        sent = exchange(1, request_headers=(("Authorization", "Bearer …"),), how_to_log_in=how)
        stage.trace.exchanges.append(sent)
        line = await copied(stage, "y", "u")
        assert line.startswith(f"TOKEN=$({how}); curl ") and "$TOKEN" in line
        assert line.endswith("  # REGISTRY_USER, REGISTRY_PASSWORD: your login for this registry")


async def test_the_copy_menu_greys_what_is_not_there() -> None:
    async with staged() as stage:
        await stage.press("y")
        await stage.until(lambda: stage.app.screen is not stage.main)
        await stage.until(lambda: "digest unknown" in stage.screen())
        await stage.press("d")
        assert stage.app.screen is not stage.main and not stage.copied
        await stage.press("down", "up", "escape")
        await stage.until(lambda: stage.app.screen is stage.main)


async def test_copying_without_a_tool_asks_the_terminal_and_does_not_claim_more() -> None:
    async with staged(native=never) as stage:
        await stage.go("app", "single")
        written: list[str] = []
        stage.app._write = written.append  # type: ignore[method-assign, assignment]
        await stage.press("c")
        await stage.until(lambda: written)
        await stage.until(lambda: "Paste empty?" in stage.screen().replace("\n", " ") or "OSC 52" in stage.screen())
        assert written[0].startswith("\x1b]52;c;")


async def test_the_mouse_selects_a_folded_digest_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged() as stage:
        await stage.go("app", "single")
        digest = str(stage.images.amd64.digest)
        await stage.until(lambda: digest in stage.page)
        from textual.geometry import Offset
        from textual.selection import Selection

        view = stage.main.page_view
        row = next(at for at, (line, start) in enumerate(view._rows) if digest in view.page.plain(line) and not start)
        stage.main.selections = {view: Selection(Offset(11, row), Offset(11 + 71, row + 1))}
        selected = stage.main.get_selected_text()
        assert selected == digest
        await stage.press("ctrl+c")
        await stage.until(lambda: stage.copied == [digest])


@pytest.mark.parametrize(("form", "ending"), [("m", ".md"), ("j", ".json"), ("r", ".json"), ("s", ".svg")])
async def test_saving_each_form(form: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: stage.node.is_index)
        await stage.quiet()
        await stage.press("ctrl+s")
        await stage.until(lambda: "Save as" in stage.screen())
        await stage.press(form)
        await stage.until(lambda: "Save as" in stage.screen())
        await stage.press("enter")
        await stage.until(lambda: files(tmp_path))
        await stage.until(lambda: "Saved" in stage.screen())
        (saved,) = files(tmp_path)
        assert saved.name.endswith(ending)
        content = saved.read_bytes()
        if form == "r":
            assert stage.node.manifest is not None and content == stage.node.manifest.raw
        elif form == "s":
            assert content.startswith(b"<svg")
            assert b"@font-face" not in content, "who opens the picture asks another host for a font"
        else:
            assert str(stage.node.digest).encode() in content


async def test_saving_never_replaces_a_file_silently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    old = tmp_path / "app-single.json"
    old.write_text("mine")
    async with staged() as stage:
        await stage.go("app", "single")
        for answer in ("n", "y"):
            await stage.press("ctrl+s")
            await stage.until(lambda: "Save as" in stage.screen())
            await stage.press("r")
            await stage.until(lambda: "Save as" in stage.screen())
            await stage.press("enter")
            await stage.until(lambda: "Overwrite?" in stage.screen())
            assert old.read_text() == "mine"
            await stage.press(answer)
            await stage.until(lambda: stage.app.screen is stage.main)
        await stage.until(lambda: old.read_bytes() == stage.images.amd64.raw)
        assert [path.name for path in files(tmp_path)] == ["app-single.json"]


async def test_a_path_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app-single.json").mkdir()
    async with staged() as stage:
        await stage.go("app", "single")
        await stage.press("ctrl+s")
        await stage.until(lambda: "Save as" in stage.screen())
        await stage.press("r")
        await stage.until(lambda: "Save as" in stage.screen())
        await stage.press("enter")
        await stage.until(lambda: "Overwrite?" in stage.screen())
        await stage.press("y")
        await stage.until(lambda: "Not saved" in stage.screen())
        await stage.press("ctrl+s")
        await stage.until(lambda: "Save as" in stage.screen())
        await stage.press("r")
        await stage.until(lambda: "Save as" in stage.screen())
        await stage.press("ctrl+u")
        await stage.type("/nowhere/x")
        await stage.press("enter")
        await stage.until(lambda: "No such file" in stage.screen())


async def test_osc52_only_is_respected_by_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    async with staged(native=never, settings=Settings(clipboard="osc52")) as stage:
        await stage.go("app", "single")
        await stage.press("c")
        await stage.until(lambda: "OSC 52" in stage.screen())
