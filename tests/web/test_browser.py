"""`fanfold serve` in a real browser without a window: one session, from the printed link to the last key.

The page draws on a canvas, so what is on the screen is read where it arrives: in the frames of its WebSocket.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.peers import need
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served

if TYPE_CHECKING:  # its import costs what ten tests do, and every worker would pay for it
    from selenium.webdriver import Chrome

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(120)]

_FLAGS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1200,800
"""
_CONTROL = re.compile(r"\x1b(?:\[[0-9;?<>=$]*[ -/]*[@-~]|\][^\x07]*\x07|.)")


@contextmanager
def served(*argv: str) -> Iterator[str]:
    """The link that `fanfold serve` prints."""
    command = [sys.executable, "-m", "tui", "serve", "--port", "0", *argv]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMUX": "/tmp/x"})
    try:
        assert process.stdout is not None
        assert "serves at http://127.0.0.1:" in process.stdout.readline()
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)
        assert process.returncode == 0


@contextmanager
def browser(folder: Path) -> Iterator[Chrome]:
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which("google-chrome") or need("chromium")
    for flag in (*_FLAGS.split(), f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(need("chromedriver")))
    try:
        driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder), "eventsEnabled": False}
        )
        yield driver
    finally:
        driver.quit()


class Reader:
    """Somebody at the browser."""

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self.events: list[dict[str, Any]] = []
        self._at = 0

    def log(self, name: str) -> list[dict[str, Any]]:
        """What the browser noted since this was asked last."""
        lines: list[dict[str, Any]] = self.driver.get_log(name)  # type: ignore[no-untyped-call]
        return lines

    def listen(self) -> None:
        self.events += [json.loads(line["message"])["message"] for line in self.log("performance")]

    def drawn(self) -> str:
        """What was drawn since the last key."""
        self.listen()
        frames = [
            base64.b64decode(event["params"]["response"]["payloadData"])
            for event in self.events[self._at :]
            if event["method"] == "Network.webSocketFrameReceived" and event["params"]["response"]["opcode"] == 2
        ]
        return _CONTROL.sub("", b"".join(frames).decode(errors="replace"))

    def until(self, met: Callable[[], object], what: str) -> None:
        end = time.monotonic() + 20
        while not met():
            assert time.monotonic() < end, f"{what} did not come; drawn: {self.drawn()[-2000:]}"
            time.sleep(0.05)

    def see(self, words: str) -> None:
        self.until(lambda: words in self.drawn(), words)

    def press(self, *keys: str, held: str = "") -> None:
        from selenium.webdriver import ActionChains

        self.listen()
        self._at = len(self.events)
        hand = ActionChains(self.driver)
        (hand.key_down(held).send_keys(*keys).key_up(held) if held else hand.send_keys(*keys)).perform()

    def pasted(self) -> str:
        """What the reader's clipboard holds, pasted into a field."""
        run = self.driver.execute_script
        run(
            "window.held = document.activeElement; window.field = document.createElement('textarea');"
            "document.body.append(field); field.focus()"
        )
        self.press("v", held="\ue009")  # Ctrl, as WebDriver writes it
        return str(run("const text = field.value; field.remove(); held.focus(); return text"))

    def sizes(self) -> list[dict[str, int]]:
        """What the page said of its size, in cells."""
        self.listen()
        sent = [
            json.loads(event["params"]["response"]["payloadData"])
            for event in self.events
            if event["method"] == "Network.webSocketFrameSent" and event["params"]["response"]["opcode"] == 1
        ]
        return [message[1] for message in sent if message[0] == "resize"]

    def asked(self) -> set[str]:
        """The origins of all that pages of ours asked for."""
        self.listen()
        urls = [
            event["params"]["request"]["url"]
            for event in self.events
            if event["method"] == "Network.requestWillBeSent" and event["params"]["documentURL"].startswith("http")
        ] + [event["params"]["url"] for event in self.events if event["method"] == "Network.webSocketCreated"]
        return {"/".join(url.split("/")[:3]) for url in urls}


def test_the_screen_in_a_browser(tmp_path: Path) -> None:
    need("chromedriver")
    from selenium.webdriver.common.keys import Keys

    with (
        Served.start(build_gallery()) as registry,
        served(f"{registry.address}/library/hello:1.0") as link,
        browser(tmp_path) as driver,
    ):
        digest = registry.store.repositories["library/hello"].tags["1.0"]
        reader = Reader(driver)
        driver.get(link)
        assert "token" not in driver.current_url
        reader.see("linux/amd64")
        reader.see("read-only")

        reader.press("?")
        reader.see("Help")
        reader.press(Keys.ESCAPE)
        reader.see("linux/amd64")

        reader.press("c")
        reader.see("Sent to your browser")
        reader.until(lambda: reader.pasted() == digest, "the digest in the clipboard")

        reader.press("o")
        reader.see("Go to")
        reader.press("oci:/etc", Keys.ENTER)
        reader.see("disks are closed")
        reader.press(Keys.ESCAPE)

        reader.press("s", held=Keys.CONTROL)
        reader.see("Markdown report")
        reader.press("m")
        reader.until(lambda: list(tmp_path.glob("*.md")), "the file that is downloaded")
        assert "linux/amd64" in next(tmp_path.glob("*.md")).read_text()

        before = reader.sizes()[-1]
        reader.press()
        driver.set_window_size(800, 600)
        reader.until(lambda: reader.sizes()[-1]["width"] < before["width"], "a smaller size")
        reader.see("linux/amd64")

        reader.press("q")
        reader.until(lambda: "-closed" in driver.execute_script("return document.body.className"), "the end")
        complaints = [line for line in reader.log("browser") if line["level"] == "SEVERE"]
        assert not complaints
        own = link.split("/?")[0]
        assert reader.asked() == {own, own.replace("http", "ws")}
