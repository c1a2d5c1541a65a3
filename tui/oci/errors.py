"""What this package raises on input that is not what it should be. Each text is a safe, complete sentence."""

from __future__ import annotations

from tui.text import safe, without_login


class OciError(ValueError):
    """Input that is not what the OCI specifications (or Docker's grammar) call well-formed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(safe(sentence, limit=1024))


class MalformedReference(OciError):
    """A text that is not an image reference. A login in it is not repeated."""

    def __init__(self, sentence: str) -> None:
        super().__init__(without_login(sentence))


class MalformedDigest(OciError):
    """A text that is not a digest."""


class MalformedPlatform(OciError):
    """A text that is not a platform such as linux/arm64/v8."""


class MalformedDocument(OciError):
    """JSON, or what should be JSON, that cannot be a manifest, config or statement.

    `field` is the path of the part that is wrong, such as `manifests[2].digest`; empty for the document itself.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = safe(field, limit=200)
        super().__init__(f"{field}: {problem}" if field else problem)


class DigestMismatch(MalformedDocument):
    """Bytes that do not hash to the digest by which they were asked for."""
