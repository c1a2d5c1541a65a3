"""HTML: one file without network, whose markup is ours alone."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from tests.formats.reports import HOSTILE, broken, every, hostile, of, whole, written
from tests.support.fake_source import FakeSource
from tests.support.images import image, index, layer
from tui.explore.tally import Tally
from tui.formats import html
from tui.formats.forms import open_writer
from tui.formats.writer import Sheet

_VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Elements with their attributes, texts, and whether all that was opened was closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


async def test_hostile_text_is_text() -> None:
    calm, wild = (Page(written("html", [made])) for made in (await broken(), await hostile()))
    assert wild.count("script") == calm.count("script") == 1
    assert {name for name, _ in wild.elements} == {name for name, _ in calm.elements}
    assert {key for _, each in wild.elements for key in each} <= {key for _, each in calm.elements for key in each}
    assert sum(HOSTILE in text for text in wild.texts) > 10
    assert any(HOSTILE in (each.get("title") or "") for _, each in wild.elements)


async def test_nothing_is_asked_of_the_network() -> None:
    text = written("html", await every())
    page = Page(text)
    assert not [each for tag, each in page.elements for key in each if key in ("src", "srcset", "action", "data")]
    assert all((each.get("href") or "").startswith("#image-") for tag, each in page.elements if "href" in each)
    assert not re.search(r"url\(|@import|https?://", text)
    policy = next(each["content"] for _, each in page.elements if each.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and "default-src 'none'" in policy
    script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


async def test_rows_of_the_matrix_unfold_to_their_objects() -> None:
    text = written("html", [await broken()])
    rows = re.findall(r'<details class="platform (\w+)"( open)?>(.*?)\n</details>', text, re.DOTALL)
    assert [(role, bool(unfolded)) for role, unfolded, _ in rows] == [("plain", False), ("bad", True)]
    assert 'class="cell bad fault"' in rows[1][2]
    assert "RUN step 2" in rows[1][2]
    assert len(set(re.findall(r"sha256:[0-9a-f]{64}", rows[1][2]))) >= 5
    assert "prefers-color-scheme: dark" in text and "@media print" in text


async def test_a_bar_shows_how_much_of_an_image_is_there() -> None:
    def bar(text: str) -> list[tuple[str | None, str | None]]:
        spans = [each for tag, each in Page(text).elements if tag == "span"]
        return [(each["class"], each["style"]) for each in spans if "flex: " in (each.get("style") or "")]

    assert [name for name, _ in bar(written("html", [await whole()]))] == ["bar-good"]
    made = await broken()
    assert bar(written("html", [made])) == [
        ("bar-good", f"flex: {made.counts['present']}"),
        ("bar-bad", f"flex: {made.counts['missing']}"),
    ]
    many = replace(made, counts={**made.counts, "present": 1278})
    for form in ("html", "text", "plain", "markdown"):
        assert "1,278 present, 1 missing" in written(form, [many]), form


async def test_columns_stay_in_line_and_many_layers_on_the_page() -> None:
    """However long a platform's name is, and however many layers there are."""
    source = FakeSource()
    images = [image("linux/amd64", tuple(layer(f"{number}") for number in range(30))), image("linux/" + "a" * 300)]
    source.put("app", index(*images), "1")
    (matrix,) = re.findall('<div class="matrix(.*?)" style="(.*?)">', written("html", [await of(source)]))
    assert matrix == (" dense", "--cells: 32; --name: 40ch")
    (matrix,) = re.findall('<div class="matrix(.*?)" style="(.*?)">', written("html", [await broken()]))
    assert matrix == ("", "--cells: 5; --name: 11ch")


async def test_a_page_with_several_begins_with_all_of_them() -> None:
    text = written("html", [await whole(), await broken()])
    assert "1 whole, 1 broken" in text
    assert text.index('href="#image-2"') < text.index('id="image-1"')
    assert re.findall(r'<details class="image"( open)?>', text) == ["", " open"]


async def test_many_parts_are_kept_in_a_file(monkeypatch: object) -> None:
    made = await hostile()
    writer = open_writer("html", Sheet())
    assert isinstance(writer, html.HtmlWriter)
    writer.several = True
    count = html._IN_MEMORY // len(written("html", [made])) // 4 + 50
    for _ in range(min(count, 60)):
        writer.put(made)
    page = Page("".join(writer.end(Tally(0, count))))
    assert sum(
        each.get("id", "") is not None and (each.get("id") or "").startswith("image-") for _, each in page.elements
    )
