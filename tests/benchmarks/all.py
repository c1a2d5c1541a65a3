"""Every benchmark, and one table of what they give.

    python -m tests.benchmarks.all [--markdown | --docs] [NAME…]

`--docs` puts the table into docs/benchmarks.md, and what matters most of it into README.md, between two marks. Each
benchmark is a process of its own; one that fails, or takes longer than all of them may, is a row that says so, and no
pass. Exit status 1 when any row is not good enough.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.table import Row, markdown, text

NAMES = (
    "full_check",
    "many_tags",
    "start",
    "checks_per_second",
    "transports",
    "cancel_storm",
    "deep",
    "first_frame",
    "key_to_screen",
    "long_lists",
    "big_things",
)
#: Seconds for all of them together.
LIMIT = 300.0

ROOT = Path(__file__).parents[2]
PAGE, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"
#: The benchmarks whose rows with a bar stand in the README, too.
FIRST = ("full_check", "many_tags", "start")
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def machine() -> str:
    """What it was measured on, and how busy that was with other things."""
    cores = len(os.sched_getaffinity(0))
    busy = os.getloadavg()[0]
    system = f"{platform.system()} ({platform.machine()}), Python {platform.python_version()}"
    return f"{cores} core{'' if cores == 1 else 's'}, {system}; load before it began {busy:.1f}"


def run(name: str, seconds: float) -> Iterator[Row]:
    """The rows of one benchmark; whatever it printed before it failed counts."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}", "--json"]
    failure = ""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    try:
        said, wrong = process.communicate(timeout=max(seconds, 1))
        if process.returncode:
            failure = (wrong.strip() or said or f"status {process.returncode}").splitlines()[-1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its servers with it
        said, _ = process.communicate()
        failure = f"all of them may take {LIMIT:.0f} s, and these were over"
    lines = [line for line in said.splitlines() if line.startswith("{")]
    for line in lines:
        yield Row(**json.loads(line))
    if failure or not lines:
        yield Row(name, why=failure or "it gave nothing")


def into_page(page: Path, content: str) -> None:
    """Put the table between the two marks. Raises ValueError when they are not there."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{page.name} does not have the marks {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n{content}\n{END}{after}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.all", description=__doc__.splitlines()[0])
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    form.add_argument("--docs", action="store_true", help="put the table into docs/benchmarks.md and README.md")
    parser.add_argument(
        "names", nargs="*", choices=[[], *NAMES], metavar="NAME", help="only these: " + ", ".join(NAMES)
    )
    chosen = parser.parse_args()
    where, began = machine(), time.monotonic()
    found: dict[str, list[Row]] = {}
    for name in chosen.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        found[name] = list(run(name, LIMIT - (time.monotonic() - began)))
    rows = [row for each in found.values() for row in each]
    where += f"; {time.monotonic() - began:.0f} s"
    if chosen.docs:
        first = [row for name in FIRST for row in found.get(name, ()) if row.bar]
        for page, shown in ((PAGE, rows), (README, first)):
            into_page(page, f"Measured on {where}.\n\n{markdown(shown)}")
    else:
        print(f"{markdown(rows)}\n\nMeasured on {where}." if chosen.markdown else f"{text(rows)}\n\n{where}")
    return 1 if any(row.failed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
