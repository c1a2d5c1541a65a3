"""Which form of a report has which name. A form is imported when it is asked for."""

from __future__ import annotations

from tui.formats.writer import Sheet, Writer

#: The forms that are read from a terminal: they say all that there is to say.
READ = frozenset({"text", "plain"})


def open_writer(form: str, sheet: Sheet) -> Writer:
    """The writer of a form, by its name."""
    match form:
        case "json":
            from tui.formats.json_documents import JsonWriter

            return JsonWriter()
        case "markdown":
            from tui.formats.markdown import MarkdownWriter

            return MarkdownWriter()
        case "html":
            from tui.formats.html import HtmlWriter

            return HtmlWriter()
        case "plain":
            from tui.formats.plain import PlainWriter

            return PlainWriter(sheet)
        case "github":
            from tui.formats.github import GithubWriter

            return GithubWriter()
        case "junit":
            from tui.formats.junit import JunitWriter

            return JunitWriter()
        case "sarif":
            from tui.formats.sarif import SarifWriter

            return SarifWriter()
        case _:
            from tui.formats.text import TextWriter

            return TextWriter(sheet)
