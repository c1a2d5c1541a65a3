"""Tagging, copying, deleting and undoing: plans of the same shape, run by the same push."""

from __future__ import annotations

import json

import pytest

from tests.compose.fixtures import Rig, make
from tui.commands.plan_text import plan_text
from tui.compose.copy import plan_copy, plan_tag
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.errors import DraftError, ResolveError
from tui.compose.events import Outcome
from tui.compose.journal import NOT_WRITTEN, UNKNOWN
from tui.compose.plan import StepKind, to_json
from tui.compose.undo import plan_undo, undo_choices, undo_unavailable
from tui.demo.attest import put_attestation
from tui.demo.faults import deny
from tui.demo.images import put_index
from tui.demo.quirks import Quirks
from tui.explore.diff import Change
from tui.formats.writer import Sheet
from tui.oci.digest import Digest
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import with_keys


async def undo(rig: Rig, target: str) -> None:
    held = rig.holds(*target.split(":"))
    digest = Digest.parse(held) if held is not None else None
    plan = await plan_undo(rig.journal, rig.ref(target), digest, rig.inspector)
    assert plan.ready, plan.problems
    assert (await rig.push(plan).run()).ok


class TestUndo:
    async def test_puts_the_old_index_back_and_again(self, rig: Rig) -> None:
        old = rig.put_list("app", [make("old", "linux/amd64")], "1")
        rig.put("app", make("new", "linux/amd64"), "new")
        result = await rig.pushed("app:1", "app:new")
        await undo(rig, "app:1")
        assert rig.holds("app", "1") == old
        await undo(rig, "app:1")
        assert rig.holds("app", "1") == result.digest

    async def test_also_when_the_registry_dropped_it(self, rig: Rig) -> None:
        old = rig.put_list("app", [make("old", "linux/amd64")], "1")
        rig.put("app", make("new", "linux/amd64"), "new")
        await rig.pushed("app:1", "app:new")
        rig.change(lambda store: store.delete_manifest("app", old))
        await undo(rig, "app:1")
        assert rig.holds("app", "1") == old

    async def test_a_list_that_was_broken_before_is_put_back_broken_and_says_so(self, rig: Rig) -> None:
        one = make("old", "linux/amd64")
        old = rig.put_list("app", [one], "1")
        rig.put("app", make("new", "linux/amd64"), "new")
        rig.change(lambda store: store.delete_blob("app", one.layers[1].digest))
        result = await rig.pushed("app:1", "app:new")
        rig.inspector.forget_location()
        plan = await plan_undo(rig.journal, rig.ref("app:1"), result.digest, rig.inspector)
        assert plan.ready
        assert one.layers[1].digest in plan.problems[0].text
        assert (await rig.push(plan).run()).ok
        assert rig.holds("app", "1") == old

    async def test_the_manifests_below_must_be_there(self, rig: Rig) -> None:
        one = make("old", "linux/amd64")
        rig.put_list("app", [one], "1")
        rig.put("app", make("new", "linux/amd64"), "new")
        result = await rig.pushed("app:1", "app:new")
        rig.change(lambda store: store.delete_manifest("app", one.manifest.digest))
        rig.inspector.forget_location()
        plan = await plan_undo(rig.journal, rig.ref("app:1"), result.digest, rig.inspector)
        assert not plan.ready
        assert one.manifest.digest in plan.problems[0].message

    async def test_why_not(self, rig: Rig) -> None:
        assert "no push recorded" in undo_unavailable(rig.journal, rig.ref("app:1"), None)
        rig.put("app", make("new", "linux/amd64"), "new")
        result = await rig.pushed("app:1", "app:new")
        reason = undo_unavailable(rig.journal, rig.ref("app:1"), result.digest)
        assert "did not exist before" in reason and with_keys(reason).endswith("; D deletes it")
        assert "someone else" in undo_unavailable(rig.journal, rig.ref("app:1"), Digest.of(b"theirs"))
        with pytest.raises(DraftError):
            await plan_undo(rig.journal, rig.ref("app:1"), Digest.of(b"theirs"), rig.inspector)

    async def test_of_a_push_that_failed_nobody_else_is_accused(self, rig: Rig) -> None:
        rig.put("app", make("new", "linux/amd64"), "new")
        plan = await rig.plan("app:1", "app:new")
        rig.journal.finish(rig.journal.begin(plan), NOT_WRITTEN)
        reason = undo_unavailable(rig.journal, rig.ref("app:1"), None)
        assert "someone" not in reason and "was not written" in reason
        rig.journal.finish(rig.journal.begin(plan), UNKNOWN)
        reason = undo_unavailable(rig.journal, rig.ref("app:1"), None)
        assert "someone" not in reason and "the digest from before the last push" in reason


class TestChoices:
    """What the journal can put back in a repository."""

    async def test_a_changed_and_a_deleted_tag_newest_first_and_no_other(self, rig: Rig) -> None:
        old = rig.put_list("app", [make("old", "linux/amd64")], "1")
        gone = rig.put_list("app", [make("gone", "linux/amd64")], "2")
        rig.put("app", make("new", "linux/amd64"), "new")
        result = await rig.pushed("app:1", "app:new")
        assert (await rig.push(await plan_delete_tag(rig.inspector, rig.ref("app:2"))).run()).ok
        await rig.pushed("app:made", "app:new")
        await rig.pushed("other:1", "app:new")
        found = await undo_choices(rig.journal, RepositoryLocation.of(rig.ref("app:1")), rig.inspector)
        shown = [(each.target.tag, each.now, each.then, each.reason) for each in found]
        assert shown == [("2", None, gone, ""), ("1", result.digest, old, "")]
        await undo(rig, "app:2")
        again = await undo_choices(rig.journal, RepositoryLocation.of(rig.ref("app:1")), rig.inspector)
        assert [each.target.tag for each in again] == ["1"]

    async def test_what_cannot_be_asked_is_listed_with_the_reason(self, rig: Rig) -> None:
        rig.put_list("app", [make("old", "linux/amd64")], "1")
        rig.put("app", make("new", "linux/amd64"), "new")
        await rig.pushed("app:1", "app:new")
        rig.change(lambda store: deny(store, "app"))
        (found,) = await undo_choices(rig.journal, RepositoryLocation.of(rig.ref("app:1")), rig.inspector)
        assert "could not read the tag" in found.reason

    async def test_tags_that_went_with_a_manifest(self, rig: Rig) -> None:
        one = rig.put("app", make("a", "linux/amd64"), "amd64", "also")
        rig.put("app", make("b", "linux/amd64"), "stays")
        plan = await plan_delete_manifest(rig.inspector, rig.ref(f"app@{one.manifest.digest}"))
        assert (await rig.push(plan).run()).ok
        found = await undo_choices(rig.journal, RepositoryLocation.of(rig.ref("app:1")), rig.inspector)
        assert {(each.target.tag, str(each.then)) for each in found} == {
            (tag, one.manifest.digest) for tag in ("amd64", "also")
        }
        await undo(rig, "app:also")
        assert rig.holds("app", "also") == one.manifest.digest and rig.holds("app", "amd64") is None


class TestTag:
    async def test_another_tag_for_a_digest(self, rig: Rig) -> None:
        digest = rig.put_list("app", [make("a", "linux/amd64")], "1")
        plan = await plan_tag(rig.inspector, rig.ref("app:stable"), digest)
        assert [step.kind for step in plan.steps] == [StepKind.TAG]
        assert (await rig.push(plan).run()).digest == digest
        assert rig.holds("app", "stable") == digest

    async def test_a_single_image(self, rig: Rig) -> None:
        one = rig.put("app", make("a", "linux/amd64"), "1")
        plan = await plan_tag(rig.inspector, rig.ref("app:2"), Digest.parse(one.manifest.digest))
        assert (await rig.push(plan).run()).ok
        assert rig.holds("app", "2") == one.manifest.digest

    async def test_what_is_missing_below_does_not_stop_it(self, rig: Rig) -> None:
        one = make("a", "linux/amd64")
        digest = rig.put_list("app", [one], "1")
        rig.change(lambda store: store.delete_blob("app", one.layers[0].digest))
        plan = await plan_tag(rig.inspector, rig.ref("app:2"), digest)
        assert plan.ready
        assert one.layers[0].digest in plan.problems[0].message

    async def test_a_digest_that_is_not_there(self, rig: Rig) -> None:
        rig.put("app", make("a", "linux/amd64"), "1")
        with pytest.raises(ResolveError) as raised:
            await plan_tag(rig.inspector, rig.ref("app:2"), Digest.of(b"x"))
        assert raised.value.presence is Presence.MISSING


class TestCopy:
    async def test_an_index_with_its_attestation(self, rig: Rig) -> None:
        digest, proof = rig.put_attested("app", make("a", "linux/amd64"), "1")
        plan = await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1"))
        assert (await rig.push(plan).run()).digest == digest
        assert rig.change(lambda store: proof.manifest.digest in store.repository("other").manifests)

    async def test_an_image_stays_an_image(self, rig: Rig) -> None:
        one = rig.put("app", make("a", "linux/amd64"), "1")
        plan = await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1"))
        assert [step.kind for step in plan.steps].count(StepKind.MANIFEST) == 0
        assert (await rig.push(plan).run()).ok
        assert rig.holds("other", "1") == one.manifest.digest

    async def test_an_index_in_an_index(self, rig: Rig) -> None:
        inner = rig.put_list("app", [make("a", "linux/amd64"), make("a", "linux/arm64")], "inner")
        from tui.demo.images import index as make_index
        from tui.oci import media

        raw = rig.change(lambda store: store.repository("app").manifests[str(inner)].raw)
        outer = make_index([{"mediaType": media.OCI_INDEX, "digest": inner, "size": len(raw)}])
        rig.change(lambda store: put_index(store, "app", outer, ("outer",)))
        plan = await plan_copy(rig.inspector, rig.at("app:outer"), rig.ref("other:1"))
        assert plan.ready
        result = await rig.push(plan).run()
        assert result.outcome is Outcome.PUSHED
        assert result.digest == outer.digest

    @pytest.mark.parametrize("api", ["right", "absent"])
    async def test_referrers_come_along(self, rig: Rig, api: str) -> None:
        from tui.demo.attest import attest

        one = make("a", "linux/amd64")
        rig.put_list("app", [one], "1")
        proof = attest(one, "app")
        rig.change(lambda store: put_attestation(store, "app", proof))
        document = {**json.loads(proof.manifest.raw), "subject": one.manifest.descriptor()}
        raw = json.dumps(document).encode()
        signature = rig.change(lambda store: store.put_manifest("app", raw, proof.manifest.media_type))
        rig.change(lambda store: setattr(store.repository("other"), "quirks", Quirks(referrers=api)))  # type: ignore[arg-type]
        bare = await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1"))
        rig.inspector.forget_location()
        rig.forget_requests()
        plan = await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1"), referrers=True)
        assert plan.ready, plan.problems
        # What is said before it begins counts what came along, and planning counts all that was asked.
        assert plan.requests > bare.requests
        assert f" {plan.requests} requests." in plan.confirmation and "1 manifest." not in plan.confirmation
        assert plan.asked == len(rig.asked())
        kinds = [step.kind for step in plan.steps]
        assert (StepKind.REFERRERS_TAG in kinds) == (api == "absent")
        assert (await rig.push(plan).run()).ok
        found = await rig.client.referrers(rig.registry, "other", Digest.parse(one.manifest.digest))
        assert [descriptor.digest for descriptor in found.descriptors] == [signature]

    async def test_a_source_that_is_not_there(self, rig: Rig) -> None:
        with pytest.raises(ResolveError):
            await plan_copy(rig.inspector, rig.at("app:1"), rig.ref("other:1"))


class TestDelete:
    async def test_a_tag_and_back(self, rig: Rig) -> None:
        digest = rig.put_list("app", [make("a", "linux/amd64")], "1", "same")
        plan = await plan_delete_tag(rig.inspector, rig.ref("app:1"))
        assert plan.type_to_confirm == "1"
        assert any("same" in warning for warning in plan.warnings)
        rig.forget_requests()
        result = await rig.push(plan).run()
        assert len(rig.asked()) == plan.requests
        assert result.ok
        assert rig.holds("app", "1") is None
        assert (result.outcome, result.tag_holds) == (Outcome.DELETED, None)
        assert rig.journal.records()[0].outcome == "deleted"
        assert rig.holds("app", "same") == digest
        await undo(rig, "app:1")
        assert rig.holds("app", "1") == digest

    async def test_the_deletion_impact_of_a_manifest(self, rig: Rig) -> None:
        one = rig.put("app", make("a", "linux/amd64"), "amd64", "also")
        rig.put_list("app", [one], "list")
        target = rig.ref(f"app@{one.manifest.digest}")
        plan = await plan_delete_manifest(rig.inspector, target)
        text = " ".join(plan.warnings)
        assert "2 tags" in text
        assert "also" in text
        assert "list" in text
        assert [row.what for row in plan.diff if row.kind is Change.CHANGED] == ["index list"]
        assert (await rig.push(plan).run()).ok
        assert rig.holds("app", "amd64") is None

    async def test_a_manifest_that_got_another_tag_meanwhile_is_not_deleted(self, rig: Rig) -> None:
        one = rig.put("app", make("a", "linux/amd64"), "old")
        plan = await plan_delete_manifest(rig.inspector, rig.ref(f"app@{one.manifest.digest}"))
        rig.put("app", one, "production")
        rig.forget_requests()
        result = await rig.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert "has the tag production since" in result.sentence and "Plan again" in result.sentence
        assert not rig.asked("DELETE") and rig.holds("app", "production") == one.manifest.digest
        plan = await plan_delete_manifest(rig.inspector, rig.ref(f"app@{one.manifest.digest}"))
        rig.forget_requests()
        assert (await rig.push(plan).run()).ok
        assert len(rig.asked()) == plan.requests

    async def test_a_registry_that_does_not_delete(self, rig: Rig) -> None:
        digest = rig.put_list("app", [make("a", "linux/amd64")], "1")
        plan = await plan_delete_tag(rig.inspector, rig.ref("app:1"))
        rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(delete=False)))
        result = await rig.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert result.sentence.endswith(f"/app:1 still holds {digest}.") and "unchanged" not in result.sentence
        assert rig.holds("app", "1") == digest

    async def test_planning_sends_no_delete_and_says_that_it_may_be_refused(self, rig: Rig) -> None:
        rig.put_list("app", [make("a", "linux/amd64")], "1", "same")
        rig.forget_requests()
        plan = await plan_delete_tag(rig.inspector, rig.ref("app:1"))
        assert plan.ready and not plan.problems
        assert not rig.asked("DELETE") and {each.method for each in rig.asked()} <= {"GET", "HEAD"}
        assert any("may refuse to delete by tag" in each for each in plan.warnings)

    async def test_a_refusal_is_remembered_and_stands_in_the_next_plan(self, rig: Rig) -> None:
        digest = rig.put_list("app", [make("a", "linux/amd64")], "1")
        rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(delete=False)))
        plan = await plan_delete_tag(rig.inspector, rig.ref("app:1"))
        assert plan.ready
        result = await rig.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert "does not delete by tag" in result.sentence and "still holds" in result.sentence
        rig.forget_requests()
        plan = await plan_delete_tag(rig.inspector, rig.ref("app:1"))
        assert not plan.ready and not rig.asked("DELETE")
        assert [problem.code for problem in plan.problems] == ["no-delete-by-tag"]
        assert "does not delete by tag" in plan.problems[0].message
        assert rig.holds("app", "1") == digest
        rig.client.forget()
        assert (await plan_delete_tag(rig.inspector, rig.ref("app:1"))).ready  # it may have been set up otherwise since

    async def test_a_tag_that_moved_meanwhile_is_not_deleted(self, rig: Rig) -> None:
        rig.put_list("app", [make("a", "linux/amd64")], "1")
        plan = await plan_delete_tag(rig.inspector, rig.ref("app:1"))
        theirs = rig.put_list("app", [make("b", "linux/amd64")], "1")
        result = await rig.push(plan).run()
        assert not result.ok
        assert rig.holds("app", "1") == theirs

    async def test_there_is_nothing_to_delete(self, rig: Rig) -> None:
        with pytest.raises(ResolveError):
            await plan_delete_tag(rig.inspector, rig.ref("app:1"))


async def test_forms_of_a_plan(rig: Rig) -> None:
    rig.put_list("app", [make("old", "linux/amd64"), make("old", "linux/arm64")], "1")
    rig.put("staging", make("new", "linux/amd64"), "t")
    plan = await rig.plan("app:1", "staging:t")
    document = json.loads(json.dumps(to_json(plan)))
    assert document["before"] == plan.before
    assert Digest.of(document["bytes"].encode()) == document["digest"] == plan.digest
    assert document["counts"]["mount"] == 3
    assert [step["kind"] for step in document["steps"]][-1] == "tag"
    kinds = {(row["kind"], row["what"]) for row in document["diff"]}
    assert ("changed", "linux/amd64") in kinds
    assert ("removed", "linux/arm64") in kinds
    text = plan_text(plan, Sheet())
    for word in (str(plan.digest), str(plan.before), "linux/arm64", "mount the layer sha256:", "Steps"):
        assert word in text
