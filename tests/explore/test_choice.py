"""What clients take for a platform that somebody asks for, and what has to be there."""

from __future__ import annotations

import pytest

from tests.explore.checking import AMD, ARM, checked
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.choice import Choice
from tui.explore.explorer import Explorer
from tui.explore.report import Report, exit_status, report
from tui.oci.platform import Platform

V6, V7, RISC = "linux/arm/v6", "linux/arm/v7", "linux/riscv64"


async def asked(source: FakeSource, platforms: list[str], expected: list[str] | None = None) -> tuple[int, str, Report]:
    """Exit status, sentence and report of a check of app:1 for these platforms."""
    wanted, needed = ([Platform.parse(text) for text in texts] for texts in (platforms, expected or []))
    choice = Choice(tuple(wanted), tuple(needed))
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node, wanted=choice if choice.platforms else None).wait()
    made = report(node, explorer.observations, choice=choice)
    await explorer.aclose()
    return exit_status(made), made.verdict.sentence, made


def listed(source: FakeSource, *platforms: str) -> list[images.Image]:
    each = [images.image(platform) for platform in platforms]
    source.put("app", images.index(*each), "1")
    return each


async def test_another_platform_that_will_do_is_taken_and_named() -> None:
    source = FakeSource()
    amd, v6 = listed(source, AMD, V6)
    status, sentence, made = await asked(source, [V7])
    assert (status, made.verdict.complete) == (0, True)
    assert f"For linux/arm/v7 containerd and Docker take linux/arm/v6 ({v6.digest.short})." in sentence
    assert made.to_json()["asked"] == [
        {"platform": V7, "takes": V6, "digest": v6.digest, "exact": False, "pullable": True, "skopeo": True}
    ]
    assert any(answer.line() == f"linux/arm/v7: linux/arm/v6, {v6.digest}, can be pulled" for answer in made.answers)
    assert [line.platform for line in made.platforms] == [V6]
    assert not any(str(amd.digest) in what for _, _, what in source.order)


async def test_where_skopeo_differs_it_is_said() -> None:
    source = FakeSource()
    listed(source, "linux/386", "linux/amd64/v2")
    _, sentence, _ = await asked(source, ["linux/amd64/v3"])
    assert "containerd and Docker take linux/amd64/v2" in sentence
    assert "skopeo and podman find nothing for linux/amd64/v3." in sentence
    _, sentence, _ = await asked(source, [AMD])
    assert "containerd and Docker take linux/386" in sentence
    assert "skopeo and podman find nothing for linux/amd64." in sentence


async def test_the_build_of_windows_decides() -> None:
    source = FakeSource()
    listed(source, "windows/amd64 10.0.17763.1879", "windows/amd64 10.0.20348.1")
    status, _, made = await asked(source, ["windows(10.0.17763)/amd64"])
    assert status == 0
    assert [line.platform for line in made.platforms] == ["windows/amd64 10.0.17763.1879"]
    status, sentence, _ = await asked(source, ["windows(10.0.14393)/amd64"])
    assert status == 1
    assert sentence.startswith("The tag 1 has no image for windows/amd64 10.0.14393. ")
    assert "skopeo and podman take windows/amd64 10.0.17763.1879 (sha256:" in sentence, "they look at no build"


async def test_each_platform_that_was_asked_for_must_be_there() -> None:
    source = FakeSource()
    listed(source, AMD, ARM)
    assert (await asked(source, [AMD, ARM]))[0] == 0
    status, sentence, made = await asked(source, [AMD, RISC])
    assert status == 1
    assert sentence == "The tag 1 can be pulled on linux/amd64. No image for linux/riscv64."
    assert made.verdict.broken == (RISC,)
    assert not made.verdict.complete
    assert [answer["pullable"] for answer in made.to_json()["asked"]] == [True, False]
    status, sentence, _ = await asked(source, [RISC, "linux/s390x"])
    assert (status, sentence) == (1, "The tag 1 has no image for linux/riscv64 and linux/s390x.")


async def test_only_what_is_taken_counts() -> None:
    source = FakeSource()
    _, arm = listed(source, AMD, ARM)
    source.drop("app", arm.blobs[1].digest)
    assert (await asked(source, [AMD]))[0] == 1, "both share this layer"
    source = FakeSource()
    _, arm = listed(source, AMD, ARM)
    source.drop("app", arm.blobs[2].digest)
    assert (await asked(source, [AMD]))[0] == 0
    assert (await asked(source, [ARM]))[0] == 1


async def test_what_is_expected_must_be_there_whatever_else_is() -> None:
    source = FakeSource()
    _, arm, _ = listed(source, AMD, ARM, "linux/386")
    status, sentence, made = await asked(source, [], [AMD, ARM])
    assert (status, sentence) == (0, "The tag 1 can be pulled on all 3 platforms.")
    assert [each["pullable"] for each in made.to_json()["expected"]] == [True, True]
    status, sentence, made = await asked(source, [], [AMD, RISC])
    assert status == 1
    assert sentence.endswith("Expected linux/riscv64: not found.")
    assert not made.verdict.complete
    assert made.to_json()["expected"][1] == {
        "platform": RISC,
        "takes": None,
        "digest": None,
        "exact": False,
        "pullable": False,
    }
    source.drop("app", arm.blobs[2].digest)
    status, sentence, _ = await asked(source, [], [AMD, ARM])
    assert status == 1
    assert "Expected linux/arm64: cannot be pulled." in sentence


async def test_what_is_expected_must_be_the_very_platform() -> None:
    source = FakeSource()
    listed(source, "linux/386")
    assert (await asked(source, [AMD]))[0] == 0
    assert (await asked(source, [], [AMD]))[0] == 1


async def test_what_is_expected_is_looked_at_beside_what_is_asked_for() -> None:
    source = FakeSource()
    listed(source, AMD, ARM, RISC)
    status, _, made = await asked(source, [AMD], [ARM])
    assert status == 0
    assert [each["pullable"] for each in made.to_json()["expected"]] == [True]


async def test_a_single_image_is_for_what_its_config_says() -> None:
    source = FakeSource()
    source.put("app", images.image(ARM), "1")
    assert (await asked(source, [ARM]))[0] == 0
    assert (await asked(source, ["linux/arm64/v9"]))[0] == 0
    assert (await asked(source, [AMD]))[0] == 1
    assert (await asked(source, [], [AMD]))[0] == 1
    assert (await asked(source, [], [ARM]))[0] == 0


async def test_a_nested_index_is_looked_into() -> None:
    source = FakeSource()
    inner = images.index(images.image(AMD), images.image(ARM))
    source.put("app", images.index(images.image(RISC), inner), "1")
    status, sentence, made = await asked(source, [ARM])
    assert status == 0
    assert [line.platform for line in made.platforms] == [ARM]
    assert "On linux/arm64 skopeo, podman, buildah, crane, oras and regctl refuse it." in sentence


async def test_an_image_without_a_platform_is_taken_when_nothing_else_fits() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    bare = [{key: value for key, value in each.descriptor.to_document().items() if key != "platform"} for each in
            (amd, arm)]  # fmt: skip
    source.put("app", images.index(amd, arm, entries=bare), "1")
    status, _, made = await asked(source, [AMD])
    assert status == 0
    assert [answer["digest"] for answer in made.to_json()["asked"]] == [amd.digest]
    assert (await asked(source, [ARM]))[0] == 1, "containerd takes the first, which is for another platform"


@pytest.mark.parametrize("platforms", [[], [AMD]])
async def test_what_could_not_be_read_is_not_absent(platforms: list[str]) -> None:
    source = FakeSource()
    listed(source, AMD)
    source.drop("app", source.repos["app"].tags["1"])
    status, sentence, made = await asked(source, platforms, [ARM])
    assert status == 1
    assert "expected" not in sentence
    assert [each["pullable"] for each in made.to_json()["expected"]] == [None]


async def test_without_a_question_nothing_is_answered() -> None:
    source = FakeSource()
    listed(source, AMD)
    explorer, node, _ = await checked(source)
    assert not {"asked", "expected"} & report(node, explorer.observations).to_json().keys()
