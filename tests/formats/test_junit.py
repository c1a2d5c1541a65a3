"""JUnit: valid for a schema, and failed exactly when the command is.

The schema below is our own, small one of what Jenkins and GitLab read: the elements and attributes of junit-10.xsd that
are written, and no others.
"""

from __future__ import annotations

from xml.etree import ElementTree

import xmlschema

from tests.formats.reports import HOSTILE, broken, every, hostile, of, two_platforms, written
from tui.explore.report import exit_status

_XSD = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="problem"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="type" type="xs:string" use="required"/>
    <xs:attribute name="message" type="xs:string" use="required"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:element name="testcase"><xs:complexType>
    <xs:choice minOccurs="0">
      <xs:element name="failure" type="problem"/>
      <xs:element name="error" type="problem"/>
    </xs:choice>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="classname" type="xs:string" use="required"/>
  </xs:complexType></xs:element>
  <xs:element name="properties"><xs:complexType><xs:sequence>
    <xs:element name="property" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attribute name="value" type="xs:string" use="required"/>
    </xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="testsuite"><xs:complexType><xs:sequence>
      <xs:element ref="properties" minOccurs="0"/>
      <xs:element ref="testcase" maxOccurs="unbounded"/>
    </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="timestamp" type="xs:dateTime" use="required"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuites"><xs:complexType><xs:sequence>
      <xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence>
    <xs:attribute name="name" type="xs:string" use="required"/>
  </xs:complexType></xs:element>
</xs:schema>
"""


async def test_every_report_is_valid() -> None:
    schema = xmlschema.XMLSchema(_XSD)
    reports = await every()
    for some in ([], reports, *([each] for each in reports)):
        schema.validate(written("junit", some))


async def test_the_counts_are_those_of_the_cases_and_fail_as_the_command_does() -> None:
    for made in await every():
        (suite,) = ElementTree.fromstring(written("junit", [made]))
        cases = suite.findall("testcase")
        failures, errors = (len(suite.findall(f"testcase/{word}")) for word in ("failure", "error"))
        assert [suite.get(word) for word in ("tests", "failures", "errors")] == [
            str(count) for count in (len(cases), failures, errors)
        ]
        assert (failures > 0) == (exit_status(made) == 1)
        assert (failures + errors > 0) == (exit_status(made) != 0)


async def test_a_platform_is_a_case() -> None:
    suite = ElementTree.fromstring(written("junit", [await broken()]))[0]
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert list(cases) == ["linux/amd64", "linux/arm64", "whole image"]
    failure = cases["linux/arm64"].find("failure")
    assert failure is not None and failure.get("type") == "missing-blob"
    assert "Layer 2 of linux/arm64 is missing" in (failure.text or "")
    assert cases["linux/amd64"].find("failure") is None


async def test_a_platform_that_was_expected_is_a_case() -> None:
    source, _ = two_platforms()
    suite = ElementTree.fromstring(written("junit", [await of(source, expected=("linux/riscv64",))]))[0]
    failed = [case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None]
    assert failed == ["linux/riscv64", "whole image"]


async def test_hostile_text_is_text() -> None:
    text = written("junit", [await hostile()])
    root = ElementTree.fromstring(text)
    assert {each.tag for each in root.iter()} == {
        *("testsuites", "testsuite", "properties", "property", "testcase", "failure")
    }
    assert root[0].get("name") == f"host/app:{HOSTILE}"
