"""Reports as JUnit's XML, which Jenkins and GitLab show as tests: a suite for each reference, a case for each platform,
and one for the image as a whole, so that what makes the exit status is in it, whatever it is."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tui.explore.report import Report, exit_status
from tui.explore.rollup import Pull
from tui.explore.tally import Tally
from tui.formats.brief import reason_of
from tui.formats.writer import Writer
from tui.text import safe, with_keys

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="fanfold check">\n'
_TAIL = "</testsuites>\n"


class JunitWriter(Writer):
    """Writes a suite for each report."""

    def __init__(self) -> None:
        self._written = 0

    def put(self, report: Report, *, tag: str | None = None) -> str:
        suite = _suite(report)
        indent(suite, level=1)
        return self._head() + "  " + tostring(suite, encoding="unicode").rstrip() + "\n"

    def end(self, tally: Tally) -> Iterator[str]:
        yield self._head() + _TAIL

    def _head(self) -> str:
        self._written += 1
        return _HEAD if self._written == 1 else ""


def _suite(report: Report) -> Element:
    cases = list(_cases(report))
    suite = Element(
        "testsuite",
        name=_legal(report.reference),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        timestamp=f"{report.observation.at:%Y-%m-%dT%H:%M:%S}",
    )
    if report.digest is not None:
        properties = SubElement(suite, "properties")
        SubElement(properties, "property", name="digest", value=_legal(report.digest))
    suite.extend(cases)
    return suite


def _cases(report: Report) -> Iterator[Element]:
    names: set[str] = set()
    for line in report.platforms:
        case = _case(report, line.platform if line.platform not in names else f"{line.platform} {line.digest}")
        names.add(line.platform)
        if line.pullable is not True:
            what = "cannot be pulled" if line.pullable is False else "not determined"
            about = [finding for finding in report.findings if finding.platform == line.platform]
            text = "\n".join(f"{each.code}: {each.message}\n{with_keys(each.fix)}" for each in about)
            _fails(case, line.pullable is None, f"{line.platform}: {what}", about[0].code if about else what, text)
        yield case
    for answer in report.answers:
        if answer.row is None and str(answer.platform) not in names:  # asked for or expected, and not in the index
            case = _case(report, str(answer.platform))
            _fails(case, answer.state is Pull.UNKNOWN, answer.sentence or answer.line(), "platform", answer.line())
            yield case
    whole = _case(report, "whole image")
    status = exit_status(report)
    if status:
        text = "\n".join(f"{each.code}: {each.message}\n{with_keys(each.fix)}" for each in report.findings)
        _fails(whole, status != 1, report.verdict.sentence, "check", "\n".join(filter(None, (reason_of(report), text))))
    yield whole


def _case(report: Report, name: str) -> Element:
    return Element("testcase", classname=_legal(report.reference), name=_legal(name))


def _fails(case: Element, undetermined: bool, message: str, kind: str, text: str) -> None:
    """A failure where something is wrong, an error where nobody could find out."""
    part = SubElement(case, "error" if undetermined else "failure", type=_legal(kind), message=_legal(message))
    part.text = _legal(text, multiline=True)


def _legal(text: str, *, multiline: bool = False) -> str:
    """Without the characters that XML 1.0 cannot hold, not even escaped."""
    return safe(text, limit=20_000, multiline=multiline)
