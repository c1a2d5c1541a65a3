"""The same write by other tools: command lines that work, quoted for a shell, with what each tool does not do.

Each line is run by the tests (tests/peers/test_write_lines.py) where its program is installed, and each note that says
what is lost is checked there.
"""

from __future__ import annotations

from pathlib import Path

from tui.compose import by_hand, by_hand_create, by_hand_docker, by_hand_exact
from tui.compose.by_hand import SAME, Equivalent, Reach, line, notes
from tui.compose.plan import Action, How, Plan, StepKind
from tui.oci.manifest import Index
from tui.registry.access import Hosts
from tui.sources.location import RepositoryLocation
from tui.text import plural

__all__ = ["Equivalent", "equivalents"]

_NO_TAGS = "It deletes the digest, and with it every tag on it."
_IMAGETOOLS = ("docker", "buildx", "imagetools", "create", "--prefer-index=false", "-t")


def equivalents(plan: Plan, hosts: Hosts | None = None) -> tuple[Equivalent, ...]:
    """How `docker manifest`, `docker buildx imagetools`, `crane`, `regctl`, `oras`, `skopeo` and `curl` do it.

    `hosts` are the client's settings (`ClientSettings`), so that the flags fit how the registries are reached.
    Blocks for a moment: what lies on disk is looked at.
    """
    found = _every(plan, Reach(hosts))
    return tuple(_unless(_LONG if len(each.line) > by_hand.LONGEST else "", each) for each in found)


_LONG = "The line would be too long."


def _every(plan: Plan, reach: Reach) -> list[Equivalent]:
    if plan.action is Action.DELETE:
        if any(step.kind is StepKind.REMOVE_LOCAL_LIST for step in plan.steps):
            return by_hand_docker.remove(plan)
        return _delete(plan, reach)
    if plan.action is Action.LOCAL:
        return by_hand_docker.local(plan, reach)
    if plan.digest is None or plan.raw is None:
        return []
    if plan.action is Action.COPY:
        return _copy(plan, reach)
    if plan.action in (Action.TAG, Action.UNDO):
        return _tag(plan, reach)
    return by_hand_create.create(plan, reach)


# --- copy ------------------------------------------------------------------------------------------------------------


def _copy(plan: Plan, reach: Reach) -> list[Equivalent]:
    home = by_hand.source_home(plan)
    referrers = any(step.kind is StepKind.REFERRERS_TAG for step in plan.steps) or any(
        each.kind == "referrer" for each in plan.objects
    )
    manifest = Equivalent("docker manifest", "copy", "", "It copies nothing as it is; it makes lists.")
    if home.registry is None:
        return [*_copy_from_disk(plan, reach, home, referrers), manifest]
    assert plan.digest is not None
    source, target = home.by_digest(plan.digest), str(plan.target)
    come, to = reach.of(home.registry), reach.of(plan.target.registry)
    lost = by_hand.holes(plan)
    hole = by_hand.hole_note(lost) if lost else ""
    behind = "Referrers stay behind." if referrers else ""
    crane = line("crane", "copy", *by_hand.crane(come, to), source, target)
    oras = ("oras", "cp", *(("-r",) if referrers else ()), *by_hand.oras(come, "from-"), *by_hand.oras(to, "to-"))
    regctl = (*by_hand.regctl(*reach.of_homes(home, RepositoryLocation.of(plan.target))), "image", "copy")
    skopeo = (*by_hand.skopeo(come, "src-"), *by_hand.skopeo(to, "dest-"))
    remembers = home.registry == plan.target.registry and _travels(plan)
    mounts = "It mounts only what it remembers; every other blob travels." if remembers else ""
    return [
        Equivalent(
            "skopeo",
            "copy",
            line("skopeo", "copy", "--all", "--preserve-digests", *skopeo, f"docker://{source}", f"docker://{target}"),
            notes(SAME, mounts, behind),
        ),
        _unless(hole, Equivalent("crane", "copy", crane, notes(SAME, behind, by_hand.crane_note(come, to)))),
        _unless(
            hole,
            Equivalent(
                "regctl", "image copy", line(*regctl, *(("--referrers",) if referrers else ()), source, target), SAME
            ),
        ),
        _unless(hole, Equivalent("oras", "cp", line(*oras, source, target), SAME)),
        Equivalent(
            "docker buildx",
            "imagetools create",
            line(*_IMAGETOOLS, target, source),
            notes(
                SAME,
                "Without --prefer-index=false a single image becomes a list.",
                by_hand_create.CARRIES if any(step.kind is StepKind.MOUNT for step in plan.steps) else "",
                "Most referrers stay behind." if referrers else "",
                by_hand.buildx_note(*reach.of_homes(home, RepositoryLocation.of(plan.target))),
            ),
        ),
        by_hand_exact.curl(plan, reach),
        manifest,
    ]


def _travels(plan: Plan) -> bool:
    return any(each.how in (How.MOUNT, How.COPY) for each in plan.objects)


def _unless(why: str, one: Equivalent) -> Equivalent:
    return Equivalent(one.tool, one.title, "", why) if why else one


def _copy_from_disk(plan: Plan, reach: Reach, home: RepositoryLocation, referrers: bool) -> list[Equivalent]:
    """From a layout, an archive or a registry's own folder: fewer tools read these, and not all by digest."""
    kind, _, path = (home.path or "").partition(":")
    target, to = str(plan.target), reach.of(plan.target.registry)
    oras, regctl, skopeo, said = "", "", "", f"It cannot read {_KINDS.get(kind, 'what lies on disk')}."
    oras_said = regctl_said = skopeo_said = said
    assert plan.digest is not None
    lost = by_hand.holes(plan)
    if kind in ("oci", "oci-archive"):
        flags = (*(("-r",) if referrers else ()), "--from-oci-layout", *by_hand.oras(to, "to-"))
        oras = line("oras", "cp", *flags, f"{Path(path)}@{plan.digest}", target)
        named = "" if isinstance(by_hand.manifest_of(plan), Index) else _NAMED
        oras_said = notes(SAME, named)
        skopeo_said = f"It takes a tag and no digest here: skopeo copy --all --preserve-digests {kind}:PATH:TAG ..."
    if kind == "oci":
        words = (*by_hand.regctl(to), "image", "copy", *(("--referrers",) if referrers else ()))
        regctl, regctl_said = line(*words, by_hand_create.regctl_ref(home, plan.digest), target), SAME
    if kind == "docker-archive":
        skopeo = line("skopeo", "copy", *by_hand.skopeo(to, "dest-"), f"docker-archive:{path}", f"docker://{target}")
        skopeo_said = "It makes its own manifest: another digest. Several images in it take :NAME:TAG after the path."
    if lost:
        oras = regctl = ""
        oras_said = regctl_said = by_hand.hole_note(lost)
    return [
        Equivalent("oras", "cp", oras, oras_said),
        Equivalent("regctl", "image copy", regctl, regctl_said),
        Equivalent("skopeo", "copy", skopeo, skopeo_said),
        Equivalent("crane", "copy", "", "It reads nothing on disk by digest."),
        Equivalent("docker buildx", "imagetools create", "", "It reads no images from disk here."),
        by_hand_exact.curl(plan, reach),
    ]


_KINDS = {
    "oci": "OCI layouts",
    "oci-archive": "OCI archives",
    "docker-archive": "docker save's archives",
    "storage": "a registry's storage folder",
}
_NAMED = "It finds what index.json names; a manifest below that it would upload as a plain blob."


# --- tag and undo ----------------------------------------------------------------------------------------------------


def _tag(plan: Plan, reach: Reach) -> list[Equivalent]:
    """Another tag on what is in the repository; or back on what was there, whose bytes fanfold keeps."""
    assert plan.digest is not None
    undo = plan.action is Action.UNDO
    home, tag, target = RepositoryLocation.of(plan.target), plan.target.tag or "latest", str(plan.target)
    access, source = reach.of(plan.target.registry), home.by_digest(plan.digest)
    missing = sum(each.how in (How.MOUNT, How.COPY, How.PUT) for each in plan.objects)
    why = f"It would not bring back {plural(missing, 'object')} that the repository lacks." if missing else ""
    said = notes(SAME, f"{plan.digest.short} must still be in the repository." if undo else "")
    skopeo = (*by_hand.skopeo(access, "src-"), *by_hand.skopeo(access, "dest-"))
    from_to = (f"docker://{source}", f"docker://{target}")
    oras = Equivalent("oras", "tag", line("oras", "tag", *by_hand.oras(access), source, tag), said)
    regctl = Equivalent("regctl", "image copy", line(*by_hand.regctl(access), "image", "copy", source, target), said)
    return [
        _unless(why, Equivalent("crane", "tag", line("crane", "tag", *by_hand.crane(access), source, tag), said)),
        by_hand_exact.oras(plan, reach) if undo else oras,
        by_hand_exact.regctl(plan, reach) or _unless(why, regctl) if undo else regctl,
        _unless(
            why,
            Equivalent(
                "docker buildx",
                "imagetools create",
                line(*_IMAGETOOLS, target, source),
                notes(said, by_hand.buildx_note(access)),
            ),
        ),
        _unless(
            why,
            Equivalent(
                "skopeo", "copy", line("skopeo", "copy", "--all", "--preserve-digests", *skopeo, *from_to), said
            ),
        ),
        by_hand_exact.curl(plan, reach) if undo else _retag(plan, reach),
        Equivalent("docker manifest", "tag", "", "It cannot tag what is in a registry."),
    ]


def _retag(plan: Plan, reach: Reach) -> Equivalent:
    """GET by digest into PUT by tag: the bytes need not be in the line."""
    access = reach.of(plan.target.registry)
    if access.is_hub:
        return by_hand_exact.curl(plan, reach)
    url = f"{access.url}/v2/{plan.target.repository}/manifests/"
    get = by_hand.curl(access, "--header", f"Accept: {plan.media_type}", f"{url}{plan.digest}")
    header = ("--header", f"Content-Type: {plan.media_type}", "--data-binary", "@-")
    put = by_hand.curl(access, "--request", "PUT", *header, f"{url}{plan.target.tag or 'latest'}")
    return Equivalent("curl", "GET and PUT", f"{line(*get)} | {line(*put)}", notes(SAME, by_hand.curl_note(access)))


# --- delete ----------------------------------------------------------------------------------------------------------


def _delete(plan: Plan, reach: Reach) -> list[Equivalent]:
    tag = next((step.selector for step in plan.steps if step.kind is StepKind.DELETE_TAG), "")
    selector = tag or str(plan.target.digest or plan.before or plan.target.tag or "latest")
    target, access = RepositoryLocation.of(plan.target).at(selector), reach.of(plan.target.registry)
    url = f"{access.url}/v2/{plan.target.repository}/manifests/{selector}"
    alone = "Registries that cannot delete a tag alone refuse it (docker-registry before 3)." if tag else ""
    dummy = "Where the registry refuses, it puts another manifest on the tag and deletes that." if tag else ""
    oras = line("oras", "manifest", "delete", "--force", *by_hand.oras(access), target)
    skopeo = line("skopeo", "delete", *by_hand.skopeo(access), f"docker://{target}")
    kind = ("tag", "delete") if tag else ("manifest", "delete")
    hub = "Docker Hub takes no write without a token, which would have to be fetched first." if access.is_hub else ""
    curl = Equivalent(
        "curl",
        "DELETE",
        line(*by_hand.curl(access, "--request", "DELETE", url)),
        notes(alone, by_hand.curl_note(access)),
    )
    return [
        _unless(hub, curl),
        Equivalent("crane", "delete", line("crane", "delete", *by_hand.crane(access), target), alone),
        Equivalent("regctl", "delete", line(*by_hand.regctl(access), *kind, target), dummy),
        _unless(_NO_TAGS if tag else "", Equivalent("oras", "manifest delete", oras, "--force: it does not ask.")),
        _unless(_NO_TAGS if tag else "", Equivalent("skopeo", "delete", skopeo)),
        Equivalent("docker", "delete", "", "Docker's commands delete nothing in a registry."),
    ]
