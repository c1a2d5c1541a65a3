"""Every lesson can be taken to its end on the gallery, and no step of it ticks by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.teach.conftest import Lists, Stand
from tests.teach.learner import Learner
from tui.sources.docker_manifests import DockerManifests
from tui.teach.backend import LessonBackend
from tui.teach.lesson_file import all_lessons, find_lesson
from tui.teach.lesson_run import LessonRun

LESSONS = [lesson.id for lesson in all_lessons()]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", LESSONS)
async def test_a_lesson_can_be_taken_to_its_end(
    stand: Stand, backend: LessonBackend, tmp_path: Path, name: str
) -> None:
    run = LessonRun(find_lesson(name), backend)
    assert await run.begin() == ()
    source = DockerManifests(tmp_path / "docker", stand.client)
    titles = await Learner(stand, run, source, tmp_path / "journal").take()
    assert titles == [step.title for step in run.lesson.steps]
    assert run.finished
    stand.served.call(lambda store: store.restore(stand.served.start_state))


@pytest.mark.parametrize("name", LESSONS)
async def test_show_me_can_be_done_for_every_step(stand: Stand, tmp_path: Path, name: str) -> None:
    """Targets that are there from the start are reached; those that the lesson makes are named after what it makes."""
    from tui.teach.target import Unreachable, reach

    Lists(tmp_path, stand.served.address)
    stand.explorer.add_source(DockerManifests(tmp_path, stand.client))
    lesson = find_lesson(name)
    made = "ocaml/opam:ubuntu-24.04-ocaml-5.4"
    for step in lesson.steps:
        for show in step.show:
            if show.do not in ("open", "select"):
                continue
            if show.what.split(" ")[0] == made:
                with pytest.raises(Unreachable):
                    await reach(stand.explorer, show.what)
                continue
            node = await reach(stand.explorer, show.what)
            assert [node, *node.ancestors()][-1] in stand.explorer.roots


@pytest.mark.parametrize(
    "target",
    [
        "library/hello:9.9",
        "library/hello:latest linux/sparc",
        "library/hello:latest linux/arm64 layer 99",
        "library/hello:latest linux/arm64 wheel",
        "docker-manifests sandbox:9",
        "library/hello:latest not/a/platform/at all",
    ],
)
async def test_a_target_that_is_not_there_says_so(stand: Stand, tmp_path: Path, target: str) -> None:
    from tui.teach.target import Unreachable, reach

    stand.explorer.add_source(DockerManifests(tmp_path, stand.client))
    with pytest.raises(Unreachable) as caught:
        await reach(stand.explorer, target)
    assert len(str(caught.value)) > 10
