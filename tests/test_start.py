"""What a command imports before it answers: `check` of an image that is whole loads nothing that it has no use for.

The lists are written by hand, on purpose: whoever adds a line makes every start longer, and ought to know it.
"""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import tui
import tui.cli
from tui import __main__ as program
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served

# What is not of the standard library, and why it is there.
PACKAGES = {
    "aiohappyeyeballs": "aiohttp",
    "aiohttp": "the connections",
    "aiosignal": "aiohttp",
    "attr": "aiohttp",
    "frozenlist": "aiohttp",
    "humanize": "the sizes in the report",
    "idna": "yarl",
    "multidict": "aiohttp's headers",
    "platformdirs": "where the configuration and the cache lie",
    "propcache": "yarl",
    "typing_extensions": "aiosignal",
    "yarl": "aiohttp's addresses",
}
# aiohttp takes them where somebody has them, compiled or not; nothing of ours asks for them.
WHERE_INSTALLED = {"backports", "cython_runtime"}

# Everything but these of the standard library, and of what others bring along: each is large, or a sign that something
# else was loaded for nothing.
TOO_MUCH = {
    "backports.zstd",
    "concurrent.futures.process",
    "ctypes",
    "decimal",
    "html",
    "http.cookiejar",
    "importlib.metadata",
    "importlib.resources",
    "multiprocessing",
    "pydoc",
    "secrets",
    "sqlite3",
    "statistics",
    "tarfile",
    "unittest",
    "xml",
    "zipfile",
}

# Of ours, by room; "" are those that stand in none.
OURS = {
    "": "cli config engine logfile regular_file resources text",
    "commands": "arguments check check_queue output printing progress",
    "explore": (
        "advice checkrun choice digest_tags explorer finding findings in_order inspector likely_places listing lists "
        "loader matrix node objects observations report rollup scheduler search selection standing structure "
        "tag_guesses tag_table tally tree verdict walker"
    ),
    "formats": "brief forms paint text writer",
    "oci": ("attestation config descriptor digest errors manifest media platform reference schema1 strict_json"),
    "registry": (
        "absent aiohttp_library api_errors blobs cache client clock congestion connection "
        "endpoints errors headers lease listing manifests page reach redact referrers request retry_policy settings "
        "single_flight tls trace transport write_errors"
    ),
    "registry.middleware": "auth errors limiter masking read_only redirects retry trace",
    "sources": "base disks document_cache location presence registry spec",
}
ROOMS = {f"tui.{room}".rstrip(".") for room in OURS}
OUR_MODULES = ROOMS | {
    f"tui.{room}.{name}".replace("..", ".") for room, names in OURS.items() for name in names.split()
}

_LINE = re.compile(r"import time: +\d+ \| +\d+ \|( +)(\S+)")
_SCRIPT = """
import sys
before = set(sys.modules)
from tui.cli import main
status = main(sys.argv[1:])
print("loaded:", *sorted(set(sys.modules) - before))
raise SystemExit(status)
"""


def importers(report: str) -> dict[str, str]:
    """Who was the first to import each module, by what `-X importtime` writes: a module stands above its importer, one
    step further in."""
    lines = [(len(found[1]) // 2, found[2]) for line in report.splitlines() if (found := _LINE.match(line))]
    known: dict[str, str] = {}
    open_at: dict[int, str] = {}
    for depth, name in reversed(lines):
        open_at[depth] = name
        known[name] = open_at.get(depth - 1, "the command itself")
    return known


def may_be_loaded(name: str) -> bool:
    """Whether a check may load this module."""
    top = name.partition(".")[0]
    if top == "tui":
        return name in OUR_MODULES
    if any(name == each or name.startswith(f"{each}.") for each in TOO_MUCH):
        return False
    known = top in sys.stdlib_module_names or top.startswith("_")
    return known or top in PACKAGES or top in WHERE_INSTALLED


def offenders(loaded: Iterable[str], by: dict[str, str]) -> list[str]:
    """Those that may not be there, each with the chain of who imported whom."""
    found = []
    for name in loaded:
        if not may_be_loaded(name):
            chain = [name]
            while (above := by.get(chain[-1])) is not None and len(chain) < 20:
                chain.append(above)
            found.append(" < ".join(chain))
    return found


def test_the_chain_names_the_importer() -> None:
    report = (
        "import time:  1 |  1 |     tarfile\nimport time:  1 |  2 |   tui.sources.files\nimport time: 1 | 3 | tui.cli\n"
    )
    assert offenders(["tarfile", "tui.cli"], importers(report)) == [
        "tarfile < tui.sources.files < tui.cli < the command itself"
    ]
    assert offenders(["rich.console", "attr", "json", "tui.compose"], {}) == ["rich.console", "tui.compose"]


def test_what_was_imported_is_not_looked_through_again_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def run() -> int:
        done.append("main")
        return 3

    monkeypatch.setattr("tui.cli.main", run)
    monkeypatch.setattr("gc.freeze", lambda: done.append("freeze"))
    assert program.main() == 3
    assert done == ["main", "freeze"]


class _Interrupting:
    """Ctrl-C comes while a module is imported."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name == "tui.cli":
            raise KeyboardInterrupt


def test_ctrl_c_while_it_is_still_importing_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [_Interrupting(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "tui.cli")
    monkeypatch.delattr(tui, "cli")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(Path(tui.__file__).with_name("__main__.py")), run_name="__main__")
    assert ended.value.code == 130


@pytest.mark.slow
def test_a_check_imports_what_it_needs() -> None:
    served = Served.start(build_gallery())
    try:
        command = [sys.executable, "-X", "importtime", "-c", _SCRIPT, "check", f"{served.address}/library/hello"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    finally:
        served.stop()
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    loaded = done.stdout.splitlines()[-1].removeprefix("loaded: ").split()
    wrong = offenders(loaded, importers(done.stderr))
    assert not wrong, "a check loads, < for whom:\n" + "\n".join(wrong)
    gone = OUR_MODULES - {"tui"} - set(loaded)
    assert not gone, f"the list names what a check does not load any more: {gone}"
