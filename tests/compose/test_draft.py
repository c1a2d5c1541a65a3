"""Drafts and their edits: laws that hold for any sequence of them, and byte-for-byte determinism."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.compose import edit, layout
from tui.compose.draft import Draft, Entry, EntryVerdict, TypeChoice, from_index
from tui.compose.errors import DraftError
from tui.compose.validate import problems
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index, decode
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.oci.strict_json import MANIFEST_LIMIT

TARGET = Reference.parse("127.0.0.1:5000/app:1")
NAMES = ("linux/amd64", "linux/arm64", "linux/arm64/v8", "linux/arm/v7", "windows/amd64 10.0.1", "windows/amd64 10.0.2")


def image(name: str, platform: str | None, *, media_type: str = media.OCI_MANIFEST, **notes: str) -> Entry:
    digest = Digest.of(name.encode())
    where = Platform.parse(platform) if platform else None
    return Entry("", Descriptor(media_type, digest, 100, where, notes), source=name, now=digest)


def proof(name: str, about: Entry) -> Entry:
    digest = Digest.of(name.encode())
    notes = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": str(about.descriptor.digest),
    }
    nowhere = Platform("unknown", "unknown")
    return Entry("", Descriptor(media.OCI_MANIFEST, digest, 50, nowhere, notes), source=name, now=digest)


def index_of(draft: Draft) -> Index:
    found = decode(draft.to_bytes())
    assert isinstance(found, Index)
    return found


def codes(draft: Draft) -> list[str]:
    return [problem.code for problem in problems(draft) if problem.stops]


class TestReplacing:
    def test_in_place_with_its_attestations_and_said(self) -> None:
        a, b = image("a", "linux/amd64"), image("b", "linux/arm64")
        draft = edit.add(Draft(TARGET), [a, b, proof("pa", a), proof("pb", b)])
        b2 = image("b2", "linux/arm64/v8")
        draft = edit.add(draft, [b2, proof("pb2", b2)])
        assert [entry.source for entry in draft.kept] == ["a", "pa", "b2", "pb2"]
        assert draft.kept[2].verdict is EntryVerdict.MOVED
        assert draft.kept[2].was == b.descriptor.digest
        assert "Replaced linux/arm64" in draft.messages[-1]
        assert codes(draft) == []

    def test_attestations_of_the_old_image_go(self) -> None:
        a = image("a", "linux/amd64")
        draft = edit.add(Draft(TARGET), [a, proof("p1", a), proof("p2", a)])
        draft = edit.add(draft, [image("a2", "linux/amd64")])
        assert [entry.source for entry in draft.kept] == ["a2"]
        assert [entry.verdict for entry in draft.entries[1:]] == [EntryVerdict.REMOVED] * 2

    def test_two_for_one_platform_at_once_is_refused(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64"), image("b", "linux/amd64")])
        assert codes(draft) == ["duplicate-platform"]
        assert codes(edit.allow_duplicates(draft)) == []

    def test_two_for_one_platform_at_once_over_an_old_one(self) -> None:
        draft = edit.add(Draft(TARGET), [image("old", "linux/amd64")])
        twice = edit.add(draft, [image("a", "linux/amd64"), image("b", "linux/amd64")])
        assert codes(twice) == ["duplicate-platform"]
        assert codes(edit.add(edit.add(draft, [image("a", "linux/amd64")]), [image("b", "linux/amd64")])) == []

    def test_an_attestation_is_not_replaced_alone(self) -> None:
        a = image("a", "linux/amd64")
        draft = edit.add(Draft(TARGET), [a, proof("p", a)])
        with pytest.raises(DraftError):
            edit.replace(draft, "e2", [image("b", "linux/amd64")])

    def test_the_same_image_twice_is_one(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64", x="1"), image("a", "linux/amd64", y="2")])
        assert len(draft.kept) == 1
        assert draft.kept[0].descriptor.annotations == {"x": "1", "y": "2"}

    def test_one_image_for_two_platforms_is_two(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64"), image("a", "linux/386")])
        assert len(draft.kept) == 2
        assert codes(draft) == []

    def test_windows_versions_are_platforms_of_their_own(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", NAMES[4]), image("b", NAMES[5])])
        assert codes(draft) == []
        assert len(edit.find(draft, Platform.parse("windows/amd64"))) == 2
        assert len(edit.find(draft, Platform.parse("windows(10.0.1)/amd64"))) == 1

    def test_a_row_takes_only_its_platform_of_an_index(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64"), image("b", "linux/arm64")])
        several = [image("n1", "linux/amd64"), image("n2", "linux/arm64")]
        draft = edit.replace(draft, draft.entries[1].key, several)
        assert [entry.source for entry in draft.kept] == ["a", "n2"]
        with pytest.raises(DraftError, match=r"linux/amd64, linux/arm64"):
            edit.replace(edit.add(draft, [image("r", "linux/riscv64")]), "e3", several)


class TestRemoving:
    def test_takes_attestations_along_and_comes_back(self) -> None:
        a, b = image("a", "linux/amd64"), image("b", "linux/arm64")
        draft = edit.add(Draft(TARGET), [a, proof("pa", a), b])
        gone = edit.remove(draft, draft.entries[0].key)
        assert [entry.source for entry in gone.kept] == ["b"]
        assert "1 attestation" in gone.messages[-1]
        back = edit.restore(gone, draft.entries[0].key)
        assert back.to_bytes() == draft.to_bytes()

    def test_an_attestation_stays_for_the_other_platform_of_the_same_image(self) -> None:
        a = image("a", "linux/amd64")
        draft = edit.add(Draft(TARGET), [a, proof("pa", a), image("a", "linux/386")])
        assert [entry.source for entry in edit.remove(draft, "e1").kept] == ["pa", "a"]

    def test_all_of_it_is_an_empty_draft(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64")])
        assert codes(edit.remove(draft, "e1")) == ["empty"]


class TestTypes:
    def test_docker_only_is_a_docker_list(self) -> None:
        docker = image("a", "linux/amd64", media_type=media.DOCKER_MANIFEST)
        assert edit.add(Draft(TARGET), [docker]).media_type == media.DOCKER_LIST
        mixed = edit.add(Draft(TARGET), [docker, image("b", "linux/arm64")])
        assert mixed.media_type == media.OCI_INDEX

    @pytest.mark.parametrize("choice", [TypeChoice.AUTO, TypeChoice.DOCKER])
    def test_annotations_are_never_dropped(self, choice: TypeChoice) -> None:
        docker = image("a", "linux/amd64", media_type=media.DOCKER_MANIFEST)
        draft = edit.annotate(edit.choose_type(edit.add(Draft(TARGET), [docker]), choice), "k", "v")
        assert codes(draft) == ["docker-annotations"]
        assert problems(draft)[0].offer == "oci-type"
        assert codes(edit.choose_type(draft, TypeChoice.OCI)) == []
        entry = edit.annotate_entry(edit.annotate(draft, "k", None), "e1", "k", "v")
        assert codes(entry) == ["docker-annotations"]

    def test_an_oci_index_of_docker_images_stays_one(self) -> None:
        docker = image("a", "linux/amd64", media_type=media.DOCKER_MANIFEST)
        base = index_of(edit.annotate(edit.choose_type(edit.add(Draft(TARGET), [docker]), TypeChoice.OCI), "k", "v"))
        draft = edit.annotate(from_index(TARGET, base), "more", "x")
        assert draft.media_type == media.OCI_INDEX
        assert codes(draft) == []


class TestBytes:
    RAW = (
        b'{"manifests":[{"size":100,"digest":"sha256:' + b"a" * 64 + b'","new":{"b":1,"a":[2]},'
        b'"mediaType":"application/vnd.oci.image.manifest.v1+json",'
        b'"platform":{"os":"linux","features":["sse4"],"architecture":"amd64"}}],'
        b'"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2,"x-later":true,'
        b'"annotations":{"z":"1","a":"2"}}\n'
    )

    def base(self) -> Draft:
        found = decode(self.RAW)
        assert isinstance(found, Index)
        return from_index(TARGET, found)

    def test_untouched_keeps_its_bytes(self) -> None:
        draft = self.base()
        assert draft.is_untouched
        assert draft.to_bytes() == self.RAW
        touched = edit.annotate(draft, "a", "3")
        assert touched.to_bytes() != self.RAW
        assert edit.annotate(touched, "a", "2").to_bytes() == self.RAW

    def test_unknown_fields_survive_an_amendment(self) -> None:
        document = json.loads(edit.annotate(self.base(), "added", "<&>").to_bytes())
        assert document["x-later"] is True
        assert document["manifests"][0]["new"] == {"a": [2], "b": 1}
        assert document["manifests"][0]["platform"]["features"] == ["sse4"]
        assert document["annotations"] == {"a": "2", "added": "<&>", "z": "1"}

    def test_the_layout_never_changes(self) -> None:
        """These bytes are a promise: scripts record the digests that come of them."""
        a = image("a", "windows/amd64 10.0.1", media_type=media.OCI_MANIFEST, note="<b> & \u2028")
        draft = edit.annotate(edit.add(Draft(TARGET), [a]), "org.example", "x")
        assert draft.to_bytes().decode() == (
            "{\n"
            '  "schemaVersion": 2,\n'
            '  "mediaType": "application/vnd.oci.image.index.v1+json",\n'
            '  "manifests": [\n'
            "    {\n"
            '      "mediaType": "application/vnd.oci.image.manifest.v1+json",\n'
            '      "digest": "sha256:ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",\n'
            '      "size": 100,\n'
            '      "annotations": {\n'
            '        "note": "\\u003cb\\u003e \\u0026 \\u2028"\n'
            "      },\n"
            '      "platform": {\n'
            '        "architecture": "amd64",\n'
            '        "os": "windows",\n'
            '        "os.version": "10.0.1"\n'
            "      }\n"
            "    }\n"
            "  ],\n"
            '  "annotations": {\n'
            '    "org.example": "x"\n'
            "  }\n"
            "}"
        )

    def test_the_order_of_maps_does_not_matter(self) -> None:
        names = [f"k{number}" for number in range(20)]
        wanted = None
        for seed in range(5):
            random.Random(seed).shuffle(names)
            draft = edit.add(Draft(TARGET), [image("a", "linux/amd64", **dict.fromkeys(names, "v"))])
            for name in names:
                draft = edit.annotate(draft, name, "v")
            wanted = wanted or draft.digest
            assert draft.digest == wanted


class TestValidation:
    def test_a_target_must_be_a_tag(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64")])
        by_digest = replace(draft, target=Reference.parse(f"{TARGET.name}@{Digest.of(b'x')}"))
        assert codes(by_digest) == ["target-has-digest"]

    def test_too_large(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64")])
        room = MANIFEST_LIMIT - len(edit.annotate(draft, "k", "").to_bytes())
        assert codes(edit.annotate(draft, "k", "v" * room)) == []
        assert codes(edit.annotate(draft, "k", "v" * (room + 1))) == ["too-large"]

    def test_lone_surrogates_are_no_text(self) -> None:
        with pytest.raises(DraftError):
            edit.annotate(Draft(TARGET), "k", "\ud800")
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64", k="\ud800")])
        assert codes(draft) == ["not-unicode"]

    def test_a_docker_list_with_lone_surrogates_is_no_fault_of_ours(self) -> None:
        """Its own bytes can be pushed as they are (JSON escapes them); what is made of it anew cannot."""
        entry = {**image("a", "linux/amd64", media_type=media.DOCKER_MANIFEST).descriptor.to_document()}
        entry["platform"]["os.version"] = "\ud800"
        raw = json.dumps({"schemaVersion": 2, "mediaType": media.DOCKER_LIST, "manifests": [entry]}).encode()
        index = decode(raw)
        assert isinstance(index, Index)
        draft = from_index(TARGET, index)
        assert codes(draft) == [] and draft.to_bytes() == raw
        assert codes(edit.add(draft, [image("b", "linux/arm64", media_type=media.DOCKER_MANIFEST)])) == ["not-unicode"]

    def test_gone_and_unknown_stop(self) -> None:
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64")])
        gone = replace(draft.entries[0], verdict=EntryVerdict.GONE, now=None)
        assert codes(replace(draft, entries=(gone,))) == ["gone"]
        lost = replace(gone, verdict=EntryVerdict.UNKNOWN, note="timed out")
        found = problems(replace(draft, entries=(lost,)))
        assert (found[0].code, found[0].undetermined) == ("unknown", True)

    def test_only_worth_saying(self) -> None:
        about = image("elsewhere", "linux/s390x")
        nested = image("n", None, media_type=media.OCI_INDEX)
        draft = edit.add(Draft(TARGET), [image("a", "linux/amd64"), image("b", None), nested, proof("p", about)])
        assert codes(draft) == []
        assert {problem.code for problem in problems(draft)} == {"no-platform", "nested-index", "orphan-attestation"}

    def test_foreign_text_is_safe_in_messages(self) -> None:
        evil = replace(image("a", "linux/amd64"), source="\x1b]0;x\x07[@click=app.quit]")
        twice = edit.add(Draft(TARGET), [evil, replace(image("b", "linux/amd64"), source="\u202e")])
        for problem in problems(twice):
            assert "\x1b" not in problem.message
            assert "\u202e" not in problem.message


EDITS = st.lists(
    st.tuples(st.sampled_from(["add", "attested", "remove", "restore", "move", "annotate"]), st.integers(0, 40)),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(EDITS)
def test_laws_of_editing(edits: list[tuple[str, int]]) -> None:
    """Whatever is done: keys stay unique, no platform doubles silently, no attestation outlives its image's removal,
    the bytes read back as the same draft, and doing it all again gives the same digest."""

    def run() -> Draft:
        draft = Draft(TARGET)
        for word, number in edits:
            keys = [entry.key for entry in draft.entries]
            if word in ("add", "attested"):
                one = image(f"i{number}", NAMES[number % len(NAMES)])
                draft = edit.add(draft, [one] if word == "add" else [one, proof(f"p{number}", one)])
            elif word == "annotate":
                draft = edit.annotate(draft, f"k{number % 5}", str(number) if number % 3 else None)
            elif keys:
                key = keys[number % len(keys)]
                if word == "move":
                    draft = edit.move(draft, key, number % (len(keys) + 2))
                elif word == "remove":
                    draft = edit.remove(draft, key)
                else:
                    draft = edit.restore(draft, key)
        return draft

    draft = run()
    assert len({entry.key for entry in draft.entries}) == len(draft.entries)
    named = [str(entry.platform.normalised()) for entry in draft.images if entry.platform is not None]
    if len(set(named)) != len(named):
        assert "duplicate-platform" in codes(draft)  # a restored row beside its successor: never silently
    read = index_of(draft)
    assert [entry.digest for entry in read.entries] == [entry.descriptor.digest for entry in draft.kept]
    assert dict(read.annotations) == dict(draft.annotations)
    assert from_index(TARGET, read).to_bytes() == draft.to_bytes()
    assert run().digest == draft.digest
    assert layout.dump(json.loads(draft.to_bytes())) == draft.to_bytes()
