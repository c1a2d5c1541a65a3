"""What we hand to build servers: the action and the page that says how. Both are read, the action's steps are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tui.commands.arguments import FORMS, read
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served

ROOT = Path(__file__).parent.parent
ACTION = ROOT / ".github" / "actions" / "check" / "action.yml"
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def action() -> dict[str, Any]:
    document = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_action_says_all_that_a_composite_action_has_to() -> None:
    made = action()
    assert {"name", "description", "inputs", "outputs", "runs"} == made.keys()
    assert made["runs"]["using"] == "composite"
    for entry in made["inputs"].values():
        assert entry["description"] and (entry.get("required") or "default" in entry)
    for step in made["runs"]["steps"]:
        assert step["shell"] == "bash"


def test_no_input_is_part_of_a_script() -> None:
    """A script with `${{ … }}` in it is made of what somebody else may have chosen."""
    for step in action()["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_every_input_is_used_and_told() -> None:
    made = action()
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8")))
    told = set(re.findall(r"`([a-z-]+)`", PAGE.split("| input |")[1].split("\n\n")[0]))
    assert set(made["inputs"]) == used
    assert set(made["inputs"]) <= told
    github = yaml.safe_load(blocks("yaml")[0])
    (step,) = [each for each in github["jobs"]["check"]["steps"] if "fanfold" in each["uses"]]
    assert step["with"].keys() <= made["inputs"].keys()
    assert ACTION.parent.relative_to(ROOT).as_posix() in step["uses"]


def test_the_page_is_yaml_that_parses_and_commands_that_are_understood() -> None:
    documents = [yaml.safe_load(block) for block in blocks("yaml")]
    gitlab, kubernetes = documents[1], documents[2]
    container = kubernetes["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    commands = [*gitlab["check-images"]["script"], shlex.join([*container["command"], *container["args"]])]
    commands += re.findall(r'script: "\.fanfold/bin/(fanfold check [^"]*)"', blocks("groovy")[0])
    assert len(commands) == 3
    for command in commands:
        words = shlex.split(command.partition(" > ")[0])
        assert words[0] == "fanfold"
        name, _, options = read(words[1:])
        assert name == "check" and options.words and options.expect == ["linux/amd64,linux/arm64"]
    named = set(re.findall(r"`(\w+)`", PAGE.split("| `--format` |")[1].split("\n\n")[0]))
    assert set(FORMS) <= named


@pytest.mark.slow
def test_the_steps_of_the_action_run(tmp_path: Path) -> None:
    """In a shell as GitHub starts it, against the embedded registry. Only making the environment is stood in for: the
    program in it is the one under test."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program = f'#!/bin/sh\nexec "{sys.executable}" -m tui "$@"\n'
    (tmp_path / "program").write_text(program)
    (bin_ / "python3").write_text(
        f"""#!/bin/sh
if [ "$1" = -c ]; then exec "{sys.executable}" "$@"; fi
mkdir -p "$3/bin"
cp "$STANDINS/program" "$3/bin/fanfold"
printf '#!/bin/sh\\nprintf "%%s\\\\n" "$@" > "$STANDINS/installed"\\n' > "$3/bin/pip"
chmod +x "$3/bin/fanfold" "$3/bin/pip"
"""
    )
    (bin_ / "python3").chmod(0o755)
    files = {name: tmp_path / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    made = action()
    served = Served.start(build_gallery())

    def run(**chosen: str) -> subprocess.CompletedProcess[str]:
        inputs = {name: str(entry.get("default", "")) for name, entry in made["inputs"].items()} | chosen
        for file in files.values():
            file.write_text("")
        for step in made["runs"]["steps"]:
            values = {
                name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs[found[1]], value).replace(
                    "${{ github.action_path }}", str(ACTION.parent)
                )
                for name, value in step["env"].items()
            }
            script = tmp_path / "script.sh"
            script.write_text(step["run"])
            path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
            environment = os.environ | {"PATH": path, "RUNNER_TEMP": str(tmp_path), "STANDINS": str(tmp_path)}
            environment |= {name: str(file) for name, file in files.items()} | values
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
                cwd=tmp_path,
                env=environment | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=60,
            )
            if done.returncode:
                break
        return done

    try:
        good = run(references=f"{served.address}/library/hello:1\n", expect="linux/amd64,linux/arm64")
        assert good.returncode == 0, good.stdout + good.stderr
        assert "::error" not in good.stdout
        assert files["GITHUB_OUTPUT"].read_text() == "status=0\n"
        installed = (tmp_path / "installed").read_text().split("\n")
        assert Path(installed[-2]).resolve() == ROOT

        bad = run(
            references=f"{served.address}/library/hello:1\n  {served.address}/sandbox:0.16-edge $(touch pwned) *",
            expect="linux/amd64",
        )
        assert bad.returncode == 2, "what is no reference is wrong usage"
        assert not (tmp_path / "pwned").exists()

        bad = run(
            references=f"{served.address}/library/hello:1 {served.address}/sandbox:0.16-edge", expect="linux/s390x"
        )
        assert bad.returncode == 1
        assert files["GITHUB_OUTPUT"].read_text() == "status=1\n"
        assert f"::error title={served.address.replace(':', '%3A')}/sandbox%3A0.16-edge::" in bad.stdout
        assert "Expected linux/s390x: not found" in bad.stdout
        assert files["GITHUB_STEP_SUMMARY"].read_text().startswith("## fanfold check: 1 whole, 1 broken\n")

        private = f"{served.address}/gallery/private"
        assert run(references=private).returncode == 3
        assert run(references=private, undetermined="pass").returncode == 0
        assert files["GITHUB_OUTPUT"].read_text() == "status=3\n"
    finally:
        served.stop()
