"""Finding TensorFlow without importing it, and importing it without harm to others.

TensorFlow loads its shared libraries with ``RTLD_GLOBAL``. Their symbols, an LLVM among them, then take the
place of others': an OpenCL driver loaded later, or Ice, ends the process. Imported without that flag it leaves
them alone; what is lost is ``tf.load_op_library`` for operations that need those symbols.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import LibraryMissingError

__all__ = ["availability", "load", "loaded", "symbols_kept_local"]

_INSTALL: Final = "pip install 'openhcs-mem-tensorflow[cpu]', or [gpu]"


def availability() -> Availability:
    """Say whether TensorFlow is installed; it always has the CPU."""
    spec = importlib.util.find_spec("tensorflow")
    if spec is None:
        return Availability("library missing", f"TensorFlow is not installed. Run: {_INSTALL}")
    if spec.origin is None:  # a folder of that name on the path imports as an empty package
        folders = ", ".join(spec.submodule_search_locations or ())
        return Availability(
            "library missing",
            f"TensorFlow is not installed; {folders} is a folder of that name and no library. Run: {_INSTALL}",
        )
    return Availability(
        "ready", "TensorFlow is installed and works on the CPU; its devices show once it is imported"
    )


def loaded() -> Any | None:
    """Return TensorFlow if somebody has imported it already."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow if hasattr(tensorflow, "Tensor") else None


def load() -> Any:
    """Import TensorFlow, its symbols kept to itself. Raises ``LibraryMissingError``.

    Its own two lines about oneDNN and the processor go to the standard error; no setting silences them.
    """
    found = availability()
    if found.state != "ready":
        raise LibraryMissingError(found.detail, found.state)
    try:
        with symbols_kept_local():
            return importlib.import_module("tensorflow")
    except (ImportError, OSError) as error:  # a missing shared library is an OSError on Windows
        raise LibraryMissingError(
            f"TensorFlow is installed and cannot be imported: {error}. Run: {_INSTALL}, with --force-reinstall",
            "library missing",
        ) from error


@contextlib.contextmanager
def symbols_kept_local() -> Iterator[None]:
    """Keep what is imported in the block from loading libraries with ``RTLD_GLOBAL``."""
    if not hasattr(sys, "setdlopenflags"):  # Windows has no such flag
        yield
        return
    real, before = sys.setdlopenflags, sys.getdlopenflags()
    setattr(sys, "setdlopenflags", lambda flags: real(flags & ~os.RTLD_GLOBAL))  # noqa: B010 (mypy)
    try:
        yield
    finally:
        setattr(sys, "setdlopenflags", real)  # noqa: B010
        real(before)
