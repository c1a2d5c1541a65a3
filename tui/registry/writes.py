"""Putting and deleting manifests: bytes are sent as they are, and what the registry makes of them is compared."""

from __future__ import annotations

from collections.abc import Callable

from tui.oci.digest import Digest, digest_in
from tui.oci.errors import MalformedDigest
from tui.registry import scope
from tui.registry.ask import Answer, Ask, NoAnswer
from tui.registry.errors import (
    Corrupt,
    NotFound,
    RateLimited,
    Refused,
    RegistryError,
    TooLarge,
    UnknownOutcome,
    Unreachable,
    Unsupported,
)
from tui.registry.refusals import refusal
from tui.registry.retry import TRANSIENT
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

    async def ready(self, registry: str, repository: str, selector: str) -> None:
        """Log in for a PUT, if there is a login to it, so that the PUT itself is one exchange."""
        await self._session.ready(self._put(registry, repository, selector, b"", ""))

    def _put(self, registry: str, repository: str, selector: str, raw: bytes, media_type: str) -> Ask:
        by_digest = is_digest(selector)
        return Ask(
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
            repeatable=by_digest,
            once=not by_digest,
        )

    async def put_manifest(
        self,
        registry: str,
        repository: str,
        selector: str,
        raw: bytes,
        media_type: str,
        begun: Callable[[], None] | None = None,
    ) -> Digest:
        """The digest under which it is there. Raises Refused (with `details`), Policy, Denied, Conflict ...,
        Corrupt when the registry rewrote it, UnknownOutcome when the answer was lost: read the tag again then.

        By tag it is tried once: after RateLimited and Unreachable look at the tag, and only then try again.
        """
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
        ask = self._put(registry, repository, selector, raw, media_type)
        ask.begun = begun
        answer = await self._send(ask, what, registry)
        if not answer.ok:
            raise self._refusal(answer, what, registry, repository)
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
            once=not is_digest(selector),
        )
        answer = await self._send(ask, what, registry)
        if answer.ok:
            return
        error = self._refusal(answer, what, registry, repository)
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

    def _refusal(self, answer: Answer, what: str, registry: str, repository: str) -> RegistryError:
        error = refusal(answer, what, registry, repository)
        if answer.status in TRANSIENT and type(error) is Refused:
            error = Unreachable(
                f"{registry} could not {what} at the moment ({answer.status}).",
                status=answer.status,
                code=error.code,
                request=error.request,
            )
        if isinstance(error, RateLimited | Unreachable):
            error.retry_after = self._session.told(answer)
        return error

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
