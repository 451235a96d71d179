"""Which tests apply to a backend: those of what it declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import attrs

from openhcs_host.contracts.storage import Capability, DataSink, ReadableBackend

__all__ = ["NOTHING", "Needs", "needs"]

NOTHING: Final = Capability(0)

Test = TypeVar("Test", bound=Callable[..., None])


@attrs.frozen
class Needs:
    """What a backend must be for a test to apply to it."""

    declared: Capability = NOTHING
    """Capabilities that it declares."""
    undeclared: Capability = NOTHING
    """Capabilities that it does not declare."""
    contract: type[Any] = DataSink
    """The contract that its class implements."""

    def lacking(self, backend: DataSink) -> str | None:
        """Return what keeps the test from applying to ``backend``, or ``None``."""
        if not isinstance(backend, self.contract):
            return f"{type(backend).__name__} is no {self.contract.__name__}"
        has = type(backend).capabilities
        if self.declared & ~has:
            return f"{(self.declared & ~has).name} is not declared"
        if self.undeclared & has:
            return f"{(self.undeclared & has).name} is declared"
        return None


def needs(
    declared: Capability = NOTHING,
    *,
    undeclared: Capability = NOTHING,
    contract: type[Any] = ReadableBackend,
) -> Callable[[Test], Test]:
    """Let a test apply only to backends that are what it is about."""

    def mark(test: Test) -> Test:
        test.__dict__["needs"] = Needs(declared, undeclared, contract)
        return test

    return mark
