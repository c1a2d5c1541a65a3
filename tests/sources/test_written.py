"""What a row's reference says, our own parser reads as the same object, or refuses: it is never another place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.test_layout import files_of, folder
from tests.support import images
from tui.oci.digest import Digest
from tui.oci.errors import MalformedReference
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.base import Source, SourceKind
from tui.sources.disk import Contents, DiskSource, open_layout
from tui.sources.docker_manifests import DockerManifests
from tui.sources.files import Folder
from tui.sources.location import ObjectLocation, RepositoryLocation, object_text, place_text
from tui.sources.registry import RegistrySource
from tui.sources.spec import SourceSpec, locate, parse_source
from tui.sources.storage import StorageSource

DIGEST = Digest.of(b"what is meant")
OTHER = Digest.of(b"something else")
#: Paths that hide in one another, as a hostile or an unlucky neighbour would lay them out.
PATHS = ("lay", "lay:1.0", "lay:1.0:app", "lay@x", "lay ", "~lay", "-lay", "l:y", "l", "lay:x/deep", "lay:app", "lay:a")
NAMES = (
    *("1.0", "app", "app:1.0", "x/deep", "x/deep:1", "registry.example:5000/app:1.0", "a@b", "a@", "@", ":", ":1.0"),
    *("1.0/", "x/:1.0", "x/@a", "name ", " name", "\n", "a\0b", "sha256:abc", str(DIGEST), str(OTHER), "~lay", "ünï"),
    *(f"app@{OTHER}", f"@{OTHER}", f"app:1@{OTHER}", "a" * 300, "docker.io/library/app:1", "UPPER", "0", ""),
)
FOLDERS: tuple[SourceKind, ...] = ("oci-layout", "storage", "docker-manifests")
FILES: tuple[SourceKind, ...] = ("oci-archive", "docker-archive")
PIECES = st.lists(st.sampled_from((*NAMES, "/", ":", "@", "lay")), max_size=4).map("".join)


def hold(kind: SourceKind, path: Path) -> None:
    """Something of this kind at this path, as far as a parser can see."""
    if kind in FILES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        return
    (path / "repositories").mkdir(parents=True, exist_ok=True)
    (path / "index.json").write_bytes(b"{}")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("places")
    for kind in (*FOLDERS, *FILES):
        for name in PATHS:
            if not (kind in FILES and name == "lay:x/deep"):
                hold(kind, made / kind / name)
    return made


def lead_to(text: str, kind: SourceKind, path: Path, repository: str, selectors: set[str | None]) -> bool:
    """Whether a text is read, and then as just this; False when it is refused."""
    try:
        spec = parse_source(text)
    except MalformedReference:
        return False
    assert spec.kind == kind and spec.path is not None, text
    assert os.path.samefile(spec.path, path), f"{text!r} leads to {spec.path}"
    assert (spec.repository or "") == repository, text
    assert spec.selector in selectors, text
    return True


@pytest.mark.parametrize("kind", [*FOLDERS, *FILES])
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_it_leads_back_or_nowhere(base: Path, kind: SourceKind, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(PATHS))
    repository = "" if kind.startswith("oci") else data.draw(st.sampled_from(NAMES) | PIECES)
    tag = data.draw(st.none() | st.sampled_from(NAMES) | PIECES)
    digest = data.draw(st.sampled_from((None, DIGEST)))
    known = data.draw(st.sampled_from((None, DIGEST)))
    path = base / kind / name
    text = object_text(place_text(kind, path), repository, tag=tag, digest=digest, known=known)
    if path.exists():
        meant = str(digest) if digest else tag or None
        lead_to(text, kind, path, repository, {meant, str(known)} if tag and not digest else {meant})


@pytest.mark.parametrize("kind", [*FOLDERS, *FILES])
@pytest.mark.parametrize("name", ["lay", "out.tar", "with space", "a:b", "~lay", "-x"])
def test_ordinary_names_are_read(tmp_path: Path, kind: SourceKind, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path / name, Path(name)):
        hold(kind, path)
        place, repository = place_text(kind, path), "" if kind.startswith("oci") else "org/app"
        for tag in ("1.0", "latest"):
            text = object_text(place, repository, tag=tag)
            assert text == f"{place}:{repository}{':' if repository else ''}{tag}"
            assert lead_to(text, kind, path, repository, {tag})
        for text in (object_text(place, repository, digest=DIGEST), object_text(place, repository, tag=str(DIGEST))):
            assert lead_to(text, kind, path, repository, {str(DIGEST)})
        assert lead_to(object_text(place, repository), kind, path, repository, {None})
        assert lead_to(place, kind, path, "", {None})
        assert SourceSpec.holding(RepositoryLocation("", None, place)).path == path


@pytest.mark.parametrize("name", NAMES[:-1])
def test_the_names_of_a_layout(tmp_path: Path, name: str) -> None:
    """The very names in it, hostile ones too: read back as the name or as the digest that it holds, or refused."""
    image = images.image("linux/amd64")
    for place in ("lay", "lay:1.0", "lay:x"):
        source = open_layout(folder(tmp_path / place, files_of(image, {name: image})))
        tag = next(iter(source._contents.tags[""]))
        text = source.reference("", tag=tag)
        if lead_to(text, "oci-layout", source.path, "", {tag, str(image.digest)}):
            home, selector = locate(text)
            assert home == source.location("")
            assert source._contents.tags[""].get(selector) in (None, source._contents.tags[""][tag])
        pinned = ObjectLocation.of(source, "", tag=tag)
        assert pinned == text and locate(pinned) == (source.location(""), tag)


def test_a_name_that_is_the_digest_of_something_else_is_none(tmp_path: Path) -> None:
    image = images.image("linux/amd64")
    source = open_layout(folder(tmp_path, files_of(image, {str(OTHER): image})))
    assert list(source._contents.tags[""]) == [str(image.digest)]


def test_two_layouts_of_which_one_name_begins_the_other(tmp_path: Path) -> None:
    image = images.image("linux/amd64")
    for name in ("out", "out:1.0"):
        folder(tmp_path / name, files_of(image, {"1.0": image}))
    with pytest.raises(MalformedReference, match=r"in two ways.*add a slash"):
        parse_source(f"oci:{tmp_path}/out:1.0")
    assert parse_source(f"oci:{tmp_path}/out/:1.0").path == tmp_path / "out"
    assert parse_source(f"oci:{tmp_path}/out:1.0/").path == tmp_path / "out:1.0"
    assert parse_source(f"oci:{tmp_path}/out:1.0/:1.0").selector == "1.0"
    (tmp_path / "out" / "index.json").unlink()
    (tmp_path / "out" / "oci-layout").unlink()
    assert parse_source(f"oci:{tmp_path}/out:1.0").path == tmp_path / "out:1.0"  # a folder that is no layout


@pytest.mark.parametrize("written", ["UPPER:1", "app:1:2", "app:ta g", "app@sha256:abc", ":1", f"@{DIGEST}", "a//b"])
def test_what_a_storage_folder_cannot_hold_is_refused(tmp_path: Path, written: str) -> None:
    hold("storage", tmp_path)
    with pytest.raises(MalformedReference):
        parse_source(f"storage:{tmp_path}:{written}")


def test_a_storage_folder_has_one_spelling(folder: Path) -> None:
    source = StorageSource(folder)
    for text in (source.reference("att"), source.reference("att", tag="list"), source.reference("att", digest=DIGEST)):
        assert text.startswith(f"storage:{folder}:att")
        assert parse_source(text).path == folder and parse_source(text).repository == "att"
    assert parse_source(f"storage:{folder}:att:list").selector == "list"
    assert parse_source(f"storage:{source.path}:att:list").path == source.path
    assert parse_source(f"storage:{folder}").repository is None


async def test_registries_and_local_lists(tmp_path: Path) -> None:
    client, lists = Client(ClientSettings()), tmp_path / "manifests"
    lists.mkdir()
    sources: list[Source] = [RegistrySource(client, "localhost:5000"), DockerManifests(lists, client)]
    for source, repository in zip(sources, ("org/app", "localhost:5000/org/app"), strict=True):
        for tag, digest in (("1.0", None), (None, DIGEST), ("latest", None)):
            pinned = ObjectLocation.of(source, repository, tag=tag, digest=digest)
            assert locate(str(pinned)) == locate(pinned) == (source.location(repository), tag or str(digest))
    await client.aclose()


def test_every_source_on_disk_writes_this(tmp_path: Path) -> None:
    files = Folder(folder(tmp_path / "x", {"a": b""}))
    for kind in ("oci-layout", "oci-archive", "docker-archive"):
        source = DiskSource(files, lambda _files: Contents({"app": {}}), kind)
        assert source.reference("app", tag="1") == object_text(source.place, "app", tag="1")
