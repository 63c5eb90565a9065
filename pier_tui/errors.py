"""The exception tree of pier-tui; every message is one sentence fit to show the user.

Each sentence says what is wrong and what to do about it. Nothing else lives here.

PierError
 ├─ ConfigError            a configuration file or value cannot be used
 ├─ RepositoryError        the path is not a usable git repository, or git refused
 │   ├─ PatchError         a patch cannot be parsed or does not apply (nothing was written)
 │   └─ WriteConflict      the file on disk is not the one that was reviewed (nothing was written)
 ├─ ModelError             a call to a model failed
 │   ├─ EndpointDown       no connection, or it broke before an answer
 │   ├─ KeyRejected        the endpoint does not accept the key
 │   ├─ OutOfCredit        the account has no credit left (never retried)
 │   ├─ RateLimited        told to slow down more often than we may retry
 │   ├─ WindowExceeded     prompt + max_tokens do not fit the model's context window
 │   ├─ ModelRetired       the endpoint no longer serves this model
 │   └─ BadAnswer          the stream broke or carried nothing usable
 ├─ ToolError              a tool refuses its arguments or cannot do its work (told to the model)
 │   └─ EditError          an edit's target is missing, ambiguous or unsafe
 ├─ BackboneError          an update of the backbone is unknown or contradicts it (told to the model)
 └─ BudgetExceeded         a turn, cost or time budget ended the request
"""

from __future__ import annotations


class PierError(Exception):
    """Base of everything pier-tui raises on purpose."""


class ConfigError(PierError):
    """A configuration file or value cannot be used."""


class RepositoryError(PierError):
    """The path is not a usable git repository, or git refused."""


class PatchError(RepositoryError):
    """A patch cannot be parsed or does not apply; nothing was written."""


class WriteConflict(RepositoryError):
    """The file on disk is not the one that was reviewed; nothing was written."""


class ModelError(PierError):
    """A call to a model failed. `request_id` is the endpoint's, for its support; None if none came."""

    def __init__(self, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.request_id = request_id


class EndpointDown(ModelError):
    """No connection could be made, or it broke before an answer."""


class KeyRejected(ModelError):
    """The endpoint does not accept the key."""


class OutOfCredit(ModelError):
    """The account has no credit left; retrying would not help."""


class RateLimited(ModelError):
    """The endpoint asked to slow down more often than we may retry."""


class WindowExceeded(ModelError):
    """Prompt and max_tokens together do not fit the context window."""


class ModelRetired(ModelError):
    """The endpoint no longer serves this model."""


class BadAnswer(ModelError):
    """The stream broke or carried nothing usable."""


class ToolError(PierError):
    """A tool refuses its arguments or cannot do its work; the sentence is sent to the model."""


class EditError(ToolError):
    """An edit's target is missing, ambiguous or unsafe.

    `kind` is one of: missing, ambiguous, empty, unchanged, stale, binary, too_large, outside, syntax.
    """

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(message or kind)
        self.kind = kind


class BackboneError(PierError):
    """An update of the backbone is unknown or contradicts it; the sentence is sent to the model."""


class BudgetExceeded(PierError):
    """A turn, cost or time budget ended the request."""
