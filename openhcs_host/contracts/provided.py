"""What every object handed out by a plugin has in common."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import attrs

__all__ = ["InstanceSpec", "Provided"]


@attrs.frozen
class InstanceSpec:
    """The picklable description from which any process re-creates a plugin's object."""

    kind: str
    """The kind, for example ``backend``."""
    key: str
    """The key within the kind, for example ``disk``."""
    config: Mapping[str, Any] = attrs.field(factory=dict)
    """Keyword configuration. Plain values only; credentials never travel here."""


class Provided:
    """An object that a plugin created for one key.

    The host closes it when the host itself is closed, in reverse order of creation. It may also
    be used as a context manager by whoever created it without a host.
    """

    key: str
    """The key that this object serves; the host refuses an object that serves another."""

    def close(self) -> None:
        """Release what the object holds. Calling it again does nothing."""
        return

    def configuration(self) -> Mapping[str, Any]:
        """Return the configuration that re-creates this object elsewhere, plain values only."""
        return {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
