"""What the tests of compose work with: a served store, a client, an inspector, and images to put there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tui.compose.draft import Draft
from tui.compose.edit import begin_new
from tui.compose.events import Event, PushResult
from tui.compose.journal import Journal
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.compose.push import Push
from tui.compose.retries import Retries
from tui.demo.attest import Attestation, attest, put_attestation
from tui.demo.images import BUILDKIT, Image, Style, image, index, layer, put_image, put_index
from tui.demo.serve import Served
from tui.demo.store import Recorded, Store
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.registry.client import Client

T = TypeVar("T")


def make(
    name: str, where: str, *, style: Style = BUILDKIT, layers: int = 2, base: str = "", os_version: str | None = None
) -> Image:
    """An image of so many layers, the first shared by all images of the same `base`."""
    made = [layer(f"ADD {base or name}", {"base": f"{base or name} {where if not base else ''}".encode()}, style)]
    made += [
        layer(f"RUN {number}", {f"file{number}": f"{name} {where} {number}".encode()}, style)
        for number in range(1, layers)
    ]
    return image(where, made, style=style, os_version=os_version)


@dataclass
class Rig:
    """What one test works with: a registry, its client and inspector, a journal, and the events of pushes."""

    served: Served
    client: Client
    inspector: Inspector
    journal: Journal
    events: list[Event] = field(default_factory=list)

    @property
    def registry(self) -> str:
        return self.served.address

    def ref(self, text: str) -> Reference:
        """`app:tag` in this registry."""
        return Reference.parse(f"{self.registry}/{text}")

    def at(self, text: str) -> str:
        return f"{self.registry}/{text}"

    def change(self, do: Callable[[Store], T]) -> T:
        """Change the store in its own thread."""
        return self.served.call(do)

    def put(self, repository: str, one: Image, *tags: str, without: Sequence[Any] = ()) -> Image:
        self.change(lambda store: put_image(store, repository, one, tags, without=without))
        return one

    def put_list(self, repository: str, images: Sequence[Image], *tags: str, style: Style = BUILDKIT) -> Digest:
        """An index of these images, which are put too."""
        for one in images:
            self.put(repository, one)
        made = index([one.entry() for one in images], style)
        self.change(lambda store: put_index(store, repository, made, tags))
        return Digest.parse(made.digest)

    def put_attested(self, repository: str, one: Image, *tags: str) -> tuple[Digest, Attestation]:
        """An image with BuildKit's attestation, as one index."""
        proof = attest(one, repository)
        self.put(repository, one)
        self.change(lambda store: put_attestation(store, repository, proof))
        made = index([one.entry(), proof.entry()])
        self.change(lambda store: put_index(store, repository, made, tags))
        return Digest.parse(made.digest), proof

    def holds(self, repository: str, tag: str) -> str | None:
        """The digest of a tag in the store."""
        return self.change(lambda store: store.repository(repository).tags.get(tag))

    def asked(self, method: str = "", containing: str = "", status: int | None = None) -> list[Recorded]:
        return self.change(lambda store: store.asked(method, containing, status))

    def forget_requests(self) -> None:
        self.change(lambda store: store.requests.clear())

    async def draft(self, target: str, *sources: str) -> Draft:
        draft, failed = await begin_new(self.inspector, self.ref(target), [self.at(source) for source in sources])
        assert not failed, failed
        return draft

    async def plan(self, target: str, *sources: str) -> Plan:
        plan = await plan_draft(await self.draft(target, *sources), self.inspector)
        assert plan.ready, plan.problems
        return plan

    def push(self, plan: Plan, **options: Any) -> Push:
        async def soon(_seconds: float) -> None:
            return None

        options.setdefault("retries", Retries(self.events.append, sleep=soon))
        return Push(plan, self.inspector, self.journal, on_event=self.events.append, watch_every=0.01, **options)

    async def pushed(self, target: str, *sources: str) -> PushResult:
        return await self.push(await self.plan(target, *sources)).run()
