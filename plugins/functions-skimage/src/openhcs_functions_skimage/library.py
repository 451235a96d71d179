"""The function library ``skimage``: scikit-image and scipy.ndimage."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from openhcs_functions_skimage.table import rows
from openhcs_host import hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.execution import FunctionEntry, FunctionLibrary

if TYPE_CHECKING:
    from openhcs_functions_skimage.stack_function import StackFunction

__all__ = ["SkimageFunctions"]

OPENHCS_API = 1

_LIBRARIES: Final = ("scikit-image", "scipy", "numpy")


class SkimageFunctions(FunctionLibrary):
    """Functions on NumPy stacks, plane by plane unless ``volume=True`` is given."""

    key = "skimage"

    def catalogue(self) -> Sequence[FunctionEntry]:
        """Return every function offered; reads one file and imports none of the libraries."""
        return tuple(row.entry for row in rows().values())

    def function(self, name: str) -> StackFunction:
        """Return the function of this name, its library imported; ``LookupError`` if there is none."""
        if name not in rows():
            near = difflib.get_close_matches(name, rows(), n=3)
            guess = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise LookupError(f"function library 'skimage' has no function {name!r}{guess}")
        # Imported here: listing what there is needs no arrays.
        from openhcs_functions_skimage.forms import library_function
        from openhcs_functions_skimage.stack_function import StackFunction

        library_function(rows()[name].entry.path)  # what is missing shows before the first image
        return StackFunction(name)

    def versions(self) -> Mapping[str, str]:
        """Return the versions of scikit-image, SciPy and NumPy."""
        from importlib.metadata import version

        return {name: version(name) for name in _LIBRARIES}


@attrs.frozen
class _NoConfig:
    """The library has no options."""


@hookimpl
def openhcs_create_functions(key: str, config: Mapping[str, Any]) -> SkimageFunctions:
    """Create the function library."""
    configured(_NoConfig, config, "functions 'skimage'")
    return SkimageFunctions()
