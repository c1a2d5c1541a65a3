"""Answers that say no: the error codes of the distribution specification and their bodies.

Source: OCI distribution-spec, "Error Codes" (code-1 to code-14), and the codes that Docker's registry adds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

#: The message that the specification (or Docker's registry) gives with each code. Docker's client prints the code in
#: lower case followed by this message: "manifest blob unknown: blob unknown to registry".
MESSAGES: Mapping[str, str] = {
    "BLOB_UNKNOWN": "blob unknown to registry",
    "BLOB_UPLOAD_INVALID": "blob upload invalid",
    "BLOB_UPLOAD_UNKNOWN": "blob upload unknown to registry",
    "DENIED": "requested access to the resource is denied",
    "DIGEST_INVALID": "provided digest did not match uploaded content",
    "MANIFEST_BLOB_UNKNOWN": "blob unknown to registry",
    "MANIFEST_INVALID": "manifest invalid",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "NAME_INVALID": "invalid repository name",
    "NAME_UNKNOWN": "repository name not known to registry",
    "PAGINATION_NUMBER_INVALID": "invalid number of results requested",
    "SIZE_INVALID": "provided length did not match content length",
    "TAG_INVALID": "manifest tag did not match URI",
    "TOOMANYREQUESTS": "too many requests",
    "UNAUTHORIZED": "authentication required",
    "UNKNOWN": "unknown error",
    "UNSUPPORTED": "The operation is unsupported.",
}


def json_response(
    value: object, headers: Mapping[str, str] | None = None, media_type: str = "application/json", *, status: int = 200
) -> Response:
    """JSON as Docker's registry answers it: a line break at its end."""
    return Response(json.dumps(value).encode() + b"\n", status, headers, media_type)


class Refusal(Exception):
    """A request that is answered with an error: a status and one or more coded errors.

    Handlers raise it; the application turns it into an answer. `details` holds one entry for each error of the body
    (a digest for MANIFEST_BLOB_UNKNOWN, otherwise any JSON value).
    """

    def __init__(
        self,
        status: int,
        code: str,
        *details: Any,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.details = details or (None,)
        self.message = message or MESSAGES[code]
        self.headers = dict(headers or {})
        super().__init__(f"{status} {code}: {self.message}")

    def response(self) -> Response:
        """The answer, with the specification's error body."""
        errors = []
        for detail in self.details:
            error: dict[str, Any] = {"code": self.code, "message": self.message}
            if detail is not None:
                error["detail"] = detail
            errors.append(error)
        return json_response({"errors": errors}, self.headers, status=self.status)


class HangUp(Exception):
    """The connection is to be closed without another byte: what a lost answer looks like to a client."""
