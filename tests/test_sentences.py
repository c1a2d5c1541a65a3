"""Sentences that were rewritten stay gone: each was long, or spoke of "it" and "what", or named no thing."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name != "changelog.md"),
    *(path for end in ("py", "toml", "md") for path in sorted((ROOT / "tui").rglob(f"*.{end}"))),
]

GONE = (
    '"Leave?"', "nothing happens", "to their end yet", "to its end yet", "nothing below was asked for", " pulls\"",
    "cannot be pulled whole", "tags and images were", "were looked at; ", "It still points at",
    "nowhere that was looked in",
    "This stops it", "what it lacks is put back", "put and read back", "nobody wrote it down", "What to know",
    "What was done", "its name is not known\"", "It was not determined", "lets {listing", "have the step",
    "have it done",
    "It makes no lists", "## The house", "Limits, said plainly", "goes on with it", "the verdict says here",
    "what was edited is lost", "nothing can break", "What it holds now goes in", "Nothing is searched for here",
    "no source known", "Nothing with a problem is known", "it is not known to be gone", "Only rows with a problem",
    "a Docker list while", "This would fetch", "Working out every step", "is there already. Replace",
    "accepts it: the plan", "are more than a terminal takes", "Somebody moved the tag meanwhile",
    "does not say whether it took it", "What yours would change", "Said on the way", "load the next page, follow",
    "Give the whole screen", "The registry misses", "Detail beside the tree", "The push broke off",
    "Previous match (with", "It has no tag: which", "past every cache\"", "Delete what of", "Put back in {",
    "Compare the marked one", "was pushed to this tag from here\"", "list from what is marked",
    "of them to look for what is missing", "Put back what the last push", "so nothing can be pulled:",
    "after showing what else would break", "Ask for every object of an image", "print every object that is not there",
    "Help for what is focused", "there is nothing to go back to", "do not follow to the new digest",
    "is no longer in the tree", "is there twice: clients", "a fault of its own",
)  # fmt: skip


@pytest.mark.parametrize("words", GONE)
def test_no_sentence_of_the_list_is_left(words: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in FILES
        for number, line in enumerate(_text(path).splitlines(), 1)
        if words in line and not line.lstrip().startswith(('"""', "#:"))
    ]
    assert not found, "\n".join(found)


_TEXTS: dict[Path, str] = {}


def _text(path: Path) -> str:
    if path not in _TEXTS:
        _TEXTS[path] = path.read_text(encoding="utf-8")
    return _TEXTS[path]
