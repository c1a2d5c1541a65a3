"""Putting and deleting manifests: bytes are sent as they are, and what the registry makes of them is compared."""

from __future__ import annotations

from tui.oci.digest import Digest, digest_in
from tui.oci.errors import MalformedDigest
from tui.registry import scope
from tui.registry.ask import Answer, Ask, NoAnswer
from tui.registry.errors import Corrupt, NotFound, Refused, TooLarge, UnknownOutcome, Unsupported
from tui.registry.refusals import refusal
from tui.registry.session import LOST_ON_THE_WAY, Session
from tui.registry.settings import ClientSettings
from tui.registry.target import Targets, is_digest, named
from tui.registry.uploads import push
from tui.text import capital

_ANSWER = 64 * 1024


class Writes:
    def __init__(self, session: Session, targets: Targets, settings: ClientSettings) -> None:
        self._session = session
        self._targets = targets
        self._settings = settings

    async def put_manifest(self, registry: str, repository: str, selector: str, raw: bytes, media_type: str) -> Digest:
        """The digest under which it is there.  Raises Refused (with `details`), Policy, Denied, Conflict ...,
        Corrupt when the registry rewrote it, UnknownOutcome when the answer was lost: read the tag again then."""
        what = f"put {named('manifest', repository, selector)}"
        wanted = digest_in(selector)
        digest = Digest.of(raw, wanted.algorithm if wanted is not None and wanted.can_verify else "sha256")
        if wanted is not None and wanted.can_verify and wanted != digest:
            raise Corrupt(f"The bytes to {what} hash to {digest.short}: nothing was sent.")
        if len(raw) > self._settings.max_manifest:
            raise TooLarge(
                f"The manifest has {len(raw):,} bytes, and registries take {self._settings.max_manifest:,}: "
                "nothing was sent."
            )
        ask = Ask(
            "PUT",
            self._targets.manifest(registry, repository, selector),
            (("Content-Type", media_type),),
            limit=_ANSWER,
            content=raw,
            length=len(raw),
            scopes=push(repository),
            repository=repository,
            write=True,
            # By digest the same bytes twice are the same; a tag may be somebody else's by then.
            repeatable=wanted is not None,
        )
        answer = await self._send(ask, what, registry)
        if not answer.ok:
            raise refusal(answer, what, registry, repository)
        theirs = _told(answer)
        if theirs is not None and theirs.algorithm == digest.algorithm and theirs != digest:
            raise Corrupt(
                f"{registry} took the manifest and made another one of it: {theirs.short} instead of {digest.short}.",
                status=answer.status,
                request=answer.exchange.id,
            )
        return digest

    async def delete_manifest(self, registry: str, repository: str, selector: str) -> None:
        """By tag many registries refuse; by digest every tag on it goes as well: look before."""
        what = f"delete {named('manifest', repository, selector)}"
        ask = Ask(
            "DELETE",
            self._targets.manifest(registry, repository, selector),
            limit=_ANSWER,
            scopes=(scope.repository(repository, "delete", "pull"),),
            repository=repository,
            write=True,
            repeatable=is_digest(selector),
        )
        answer = await self._send(ask, what, registry)
        if answer.ok:
            return
        error = refusal(answer, what, registry, repository)
        if answer.status in (404, 410):
            error = NotFound(
                f"{capital(named('manifest', repository, selector))} was not there.",
                status=answer.status,
                code=error.code,
                request=error.request,
            )
        elif not is_digest(selector) and isinstance(error, Refused | Unsupported):
            error = Unsupported(
                f"{registry} does not delete by tag ({answer.status}). Deleting the digest would take every tag on it.",
                status=answer.status,
                code=error.code,
                request=error.request,
            )
        raise error

    async def _send(self, ask: Ask, what: str, registry: str) -> Answer:
        try:
            answer = await self._session.ask(ask)
        except NoAnswer as lost:
            raise UnknownOutcome(
                f"Whether {registry} did {what} is not known: {lost.error.sentence} Look before trying again.",
                status=lost.error.status,
                request=lost.error.request,
            ) from lost
        if answer.status in LOST_ON_THE_WAY and not ask.repeatable:
            raise UnknownOutcome(
                f"Whether {registry} did {what} is not known: a gateway answered {answer.status} instead. "
                "Look before trying again.",
                status=answer.status,
                request=answer.exchange.id,
            )
        return answer


def _told(answer: Answer) -> Digest | None:
    told = answer.headers.get("docker-content-digest")
    try:
        return Digest(told.strip()) if told else None
    except MalformedDigest:
        return None
