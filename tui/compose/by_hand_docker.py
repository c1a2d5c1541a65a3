"""`docker manifest`: its folder of local lists, and what it reads from there."""

from __future__ import annotations

import json
from pathlib import Path

from tui.compose.by_hand import Equivalent, Reach, block, line
from tui.compose.plan import Plan, StepKind
from tui.oci.platform import Platform
from tui.oci.reference import Reference, is_loopback
from tui.registry.access import Access
from tui.sources.docker_lists import default_folder, stored_name

OTHER_FOLDER = "The list is not in a folder that docker can be told of."
#: What `docker manifest annotate` takes; it refuses every other pair (docker/cli, manifest/util.go).
_ANNOTATED = frozenset(
    {
        *(f"linux/{name}" for name in ("386", "amd64", "arm", "arm64", "mips64", "mips64le")),
        *(f"linux/{name}" for name in ("ppc64le", "riscv64", "s390x")),
        *("windows/386", "windows/amd64", "darwin/amd64", "darwin/arm64", "freebsd/386", "freebsd/amd64"),
    }
)


def why_not_push(access: Access) -> str:
    """Why `docker manifest push` cannot reach a registry."""
    tls = is_loopback(access.registry) and not access.plain_http
    return "It pushes to loopback by plain HTTP only." if tls else ""


def program_for(plan: Plan) -> tuple[str, ...] | None:
    """`docker manifest`, with the config folder in which the plan's local list is; None if docker cannot use that."""
    local = next((step.local_list for step in plan.steps if step.local_list is not None), None)
    folder = default_folder() if local is None else Path(local.folder).parent
    if folder == default_folder():
        return ("docker", "manifest")
    if folder.name != "manifests":
        return None
    return ("docker", "--config", str(folder.parent), "manifest")


def annotate(program: tuple[str, ...], target: str, images: list[tuple[str, Platform | None]]) -> list[str]:
    """`docker manifest annotate` where the platform is more than operating system and architecture, which docker
    reads from the config, as it does the rest unless the draft changed it."""
    lines = []
    for ref, platform in images:
        if platform is None or f"{platform.os}/{platform.architecture}" not in _ANNOTATED:
            continue
        if not (platform.variant or platform.os_version or platform.os_features):
            continue
        words = [*program, "annotate", "--os", platform.os, "--arch", platform.architecture]
        if platform.variant:
            words += ["--variant", platform.variant]
        if platform.os_version:
            words += ["--os-version", platform.os_version]
        for feature in platform.os_features:
            words += ["--os-features", feature]
        lines.append(line(*words, target, ref))
    return lines


def local(plan: Plan, reach: Reach) -> list[Equivalent]:
    """One of Docker's local lists written anew, and nothing pushed."""
    step = next((step for step in plan.steps if step.kind is StepKind.LOCAL_LIST), None)
    program = program_for(plan)
    if step is None or not step.files:
        return []
    if program is None:
        return [Equivalent("docker manifest", "rm and create", "", OTHER_FOLDER)]
    refs: list[tuple[str, Platform | None]] = []
    for raw in step.files.values():
        document = json.loads(raw)
        platform = document["Descriptor"].get("platform")
        refs.append((document["Ref"], Platform.from_document(platform) if platform else None))
    registries = dict.fromkeys(Reference.parse(ref).registry for ref, _platform in refs)
    flags = ("--insecure",) if any(reach.of(name).untrusted for name in registries) else ()
    target = str(plan.target)
    lines = [line(*program, "create", *flags, target, *(ref for ref, _ in refs)), *annotate(program, target, refs)]
    removed = f"{line(*program, 'rm', target)} 2>/dev/null; "
    note = "Removing it first is what makes docker ask the registry again. It takes what the tags hold when it is run."
    return [Equivalent("docker manifest", "rm and create", removed + block(lines), note)]


def remove(plan: Plan) -> list[Equivalent]:
    """One of Docker's local lists removed."""
    program = program_for(plan)
    local_list = next(step.local_list for step in plan.steps if step.local_list is not None)
    folder = Path(local_list.folder)
    if program is None or stored_name(str(plan.target)) != folder.name:
        why = "Docker's folder name does not tell which list this is, so docker cannot be told."
        remove = Equivalent("rm", "remove its folder", line("rm", "-r", "--", str(folder)))
        return [Equivalent("docker manifest", "rm", "", why if program else OTHER_FOLDER), remove]
    return [Equivalent("docker manifest", "rm", line(*program, "rm", str(plan.target)))]
