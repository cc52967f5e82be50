"""What the hub refuses or gets wrong, in words: what happened, why, what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx2

from steelyard.core.base.errors import AppError
from steelyard.core.base.redaction import redact

if TYPE_CHECKING:
    from steelyard.core.hub.access import Access

_MAX_SAID = 200


def why_nonsense(exc: Exception) -> str:
    """What is wrong with an answer that huggingface_hub failed on with this exception."""
    if isinstance(exc, json.JSONDecodeError | UnicodeDecodeError):
        return "it is no JSON, or was cut off"
    if isinstance(exc, RecursionError):
        return "it is nested absurdly deep"
    if isinstance(exc, httpx2.TooManyRedirects):
        return "it redirects on and on"
    return f"something in it is missing or of the wrong kind ({type(exc).__name__})"


class NoAccessError(AppError):
    """The hub does not let us at these files."""


def unreachable_hub(access: Access, exc: Exception) -> AppError:
    """The network is down, the name unknown, the certificate wrong, or nobody answers."""
    words = redact(str(exc))[:160] or type(exc).__name__
    if type(exc).__name__ == "OfflineModeIsEnabled":
        words = "HF_HUB_OFFLINE is set"
    if "CERTIFICATE" in words.upper():
        words = f"its certificate is not valid ({words})"
    return AppError(
        "The hub cannot be reached",
        f"{access.endpoint}: {words}",
        "Check the network and Settings > Hub; what is on this machine works without it.",
        retryable=True,
    )


def refusal(what: str, access: Access, response: httpx2.Response) -> AppError:
    """An HTTP status of the hub in words; `what` was asked for."""
    status, code = response.status_code, response.headers.get("X-Error-Code", "")
    page = f"{access.endpoint}/{what}"
    if code == "GatedRepo":
        return NoAccessError(
            f"{what} is gated",
            "its owner wants terms to be accepted first",
            f"Open {page}, accept them, then give a token in Settings > Hub or in HF_TOKEN.",
        )
    if status == 401:
        if access.token is None:
            return NoAccessError(
                f"{what} is not open to everybody",
                "there is no such repository, or it is private or gated (HTTP 401)",
                "Check the name; for a private or gated one give a token in Settings > Hub or in HF_TOKEN.",
            )
        return NoAccessError(
            "The hub refuses the token", f"from {access.token_source} (HTTP 401)", "Make a new one."
        )
    if status == 403:
        said = response.headers.get("X-Error-Message", "")[:_MAX_SAID]
        return NoAccessError(
            f"{what} is closed to us",
            f"{said} (HTTP 403)" if said else "HTTP 403",
            f"Look at {page}; you may need a token of somebody who has access.",
        )
    known = {
        "RevisionNotFound": (f"{what} has no such revision", "Give a branch, a tag or a commit."),
        "EntryNotFound": (f"{what} is not there", "Look at the list of files."),
    }
    if code in known:
        title, hint = known[code]
        return AppError(title, f"HTTP {status}", hint)
    if status in (404, 410):
        return AppError(f"{what} was not found on the hub", f"HTTP {status}", "Check the name.")
    if status == 429:
        wait = response.headers.get("Retry-After", "")
        when = f"it asks to wait {wait[:20]} s" if wait.isascii() and wait.isdigit() else "too many requests"
        return AppError("The hub wants us to wait", f"{when} (HTTP 429)", "Try again later.", retryable=True)
    if status == 451:
        return AppError(f"{what} may not be delivered here", "for legal reasons (HTTP 451)")
    if status >= 500:
        return AppError("The hub has a problem", f"HTTP {status}", "Try again later.", retryable=True)
    return AppError(
        "The hub refused", f"{what}: HTTP {status}", "Check the name and the hub's address in Settings."
    )
