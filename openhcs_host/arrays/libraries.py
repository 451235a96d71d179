"""Array libraries: found without being imported, and imported when an array is wanted."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import attrs

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError

__all__ = ["Library", "require"]


@attrs.frozen
class Library:
    """What a memory type knows of its library before it is imported."""

    module: str
    """Name to import: ``torch``."""
    name: str
    """For people: ``PyTorch``."""
    marker: str
    """An attribute that the module has once it is imported completely: ``Tensor``."""
    install: str
    """The command that installs it."""
    parts: tuple[str, ...] = ()
    """Other modules without which it cannot be imported: ``jaxlib``."""

    def missing(self) -> Availability | None:
        """Return what is not installed, ``None`` if everything is. Imports nothing."""
        for module in (self.module, *self.parts):
            spec = importlib.util.find_spec(module)
            name = self.name if module == self.module else module
            if spec is None:
                return Availability("library missing", f"{name} is not installed", self.install)
            if spec.origin is None:  # a folder of that name on the path imports as an empty package
                folders = ", ".join(spec.submodule_search_locations or ())
                detail = f"{name} is not installed; {folders} is a folder of that name and no library"
                return Availability("library missing", detail, self.install)
        return None

    def imported(self) -> Any | None:
        """Return the module if somebody has imported it already, completely."""
        module = sys.modules.get(self.module)
        return module if hasattr(module, self.marker) else None

    def load(self, found: Availability) -> Any:
        """Import the module, if it was found ready; raise what is missing otherwise.

        Raises ``LibraryMissingError``, also when the import fails, and ``DeviceUnavailableError``.
        """
        require(found)
        try:
            return importlib.import_module(self.module)
        # A missing shared library is an OSError on Windows; parts that do not fit are a RuntimeError of JAX.
        except (ImportError, OSError, RuntimeError) as error:
            broken = Availability(
                "library missing",
                f"{self.name} is installed and cannot be imported: {error}",
                f"{self.install} --force-reinstall",
            )
            raise LibraryMissingError(str(broken), broken.state) from error


def require(found: Availability, what: str = "") -> None:
    """Raise ``LibraryMissingError`` or ``DeviceUnavailableError``, saying what mends it, unless it is ready.

    ``what`` goes before the sentence that says what was found.
    """
    if found.state == "ready":
        return
    refused = LibraryMissingError if found.state == "library missing" else DeviceUnavailableError
    raise refused(f"{what}{found}", found.state)
