"""What is wrong with a document or a store, said one sentence at a time."""

from __future__ import annotations

from typing import Literal

import attrs

__all__ = ["Finding", "error", "warning"]


@attrs.frozen
class Finding:
    """One departure from the specification."""

    where: str
    """Path in the store and part of the document: ``B/02/1: multiscales[0].axes``."""
    rule: str
    """What the specification asks, and what stands there instead."""
    severity: Literal["error", "warning"]
    """``error`` breaks a MUST, ``warning`` a SHOULD or what other programs rely on."""


def error(where: str, rule: str) -> Finding:
    """Return a broken MUST."""
    return Finding(where, rule, "error")


def warning(where: str, rule: str) -> Finding:
    """Return a broken SHOULD."""
    return Finding(where, rule, "warning")
