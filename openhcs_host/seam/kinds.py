"""The kinds of things that plugins provide."""

from __future__ import annotations

import importlib
from typing import Final

import attrs

__all__ = ["API_LEVEL", "KINDS", "Kind", "kind_named"]

API_LEVEL: Final = 1
"""Level of the contracts in this host. Optional methods with defaults do not raise it."""


@attrs.frozen
class Kind:
    """One kind: its word, its creating hook and the contract its objects fulfil."""

    name: str
    """The word used everywhere: ``backend``, ``format`` …"""
    contract: str | None
    """``module:class`` that a created object must be an instance of; ``None`` for observers."""

    @property
    def group(self) -> str:
        """The entry-point group in which distributions announce their keys."""
        return f"openhcs.{self.name}"

    @property
    def hook(self) -> str:
        """The name of the creating hook."""
        return f"openhcs_create_{self.name}"

    def contract_class(self) -> type:
        """Import and return the contract, so that listing kinds imports none."""
        if self.contract is None:
            raise LookupError(f"kind {self.name!r} creates no objects")
        module, _, name = self.contract.partition(":")
        found: type = getattr(importlib.import_module(module), name)
        return found


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("backend", "openhcs_host.contracts.storage:DataSink"),
        Kind("format", "openhcs_host.contracts.formats:Format"),
        Kind("memory", "openhcs_host.contracts.memory:MemoryType"),
        Kind("converter", "openhcs_host.contracts.memory:Converter"),
        Kind("microscope", "openhcs_host.contracts.microscopes:MicroscopeHandler"),
        Kind("executor", "openhcs_host.contracts.execution:Executor"),
        Kind("functions", "openhcs_host.contracts.execution:FunctionLibrary"),
        Kind("observer", None),
        Kind("command", "click:Command"),
    )
}
"""Every kind by name."""


def kind_named(name: str) -> Kind:
    """Return the kind, or raise ``ValueError`` naming those that exist."""
    try:
        return KINDS[name]
    except KeyError:
        raise ValueError(f"there is no plugin kind {name!r}; the kinds are {', '.join(KINDS)}") from None
