"""Foreign text in Markdown that is pasted, or put by a build server, where forges make links of names and addresses."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from tests.formats.reports import hostile
from tui.formats import markdown
from tui.formats.markdown import escaped

#: What forges make of the text that came out of Markdown: names of people and teams, numbers of issues, addresses.
MENTION = re.compile(r"(?:^|[^A-Za-z0-9_`])@[A-Za-z0-9]")
ISSUE = re.compile(r"#[0-9]|\bGH-[0-9]")
ADDRESS = re.compile(r"(?:https?|ftp)://|www\.[A-Za-z]", re.IGNORECASE)


class Text(HTMLParser):
    """What of a page is no code."""

    def __init__(self) -> None:
        super().__init__()
        self.read = ""
        self.links = self._code = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._code += tag == "code"
        self.links += tag == "a"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.read += " " if self._code else data


def rendered(text: str) -> Text:
    page = Text()
    forge = MarkdownIt("gfm-like")
    assert forge.linkify is not None
    forge.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    page.feed(forge.render(text))
    page.close()
    return page


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "hello (@octocat), @org/team!",
        "-@octocat",
        "ghcr.io/org/app:1 @octocat",
        "é@octocat",
        "#12 and org/app#34",
        "&#64;octocat &commat;octocat",
        "GH-12",
        "https://evil.example/x",
        "see HTTP://evil.example",
        "ftp://evil.example",
        "www.evil.example",
        "xwww.evil.example WWW.evil.example",
    ],
)
def test_nobody_is_called_and_nothing_is_a_link(text: str) -> None:
    page = rendered(escaped(text))
    assert not MENTION.search(page.read) and not ISSUE.search(page.read) and not ADDRESS.search(page.read)
    assert not page.links
    assert page.read.replace("\u200b", "").strip() == text, "it reads as before"


def test_a_reference_stays_as_it_is() -> None:
    assert escaped("ghcr.io/org/app@sha256:0123") == "ghcr.io/org/app@sha256:0123"


async def test_a_report_of_hostile_text_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.formats.reports.HOSTILE", "@octocat https://evil.example #12 www.evil.example")
    text = markdown.markdown(await hostile())
    page = rendered(text)
    assert "octocat" in page.read and not MENTION.search(page.read)
    assert not ISSUE.search(page.read) and not ADDRESS.search(page.read) and not page.links
