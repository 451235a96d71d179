"""Processes without accelerators: ``OPENHCS_SUBPROCESS_NO_GPU=1``.

Worker processes that need no GPU must not pay for one, nor hold a part of its memory. In such a
process plugins for these libraries are refused from metadata, and the libraries themselves cannot be
imported, whoever tries.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from openhcs_host.errors import PluginBlockedError
from openhcs_host.seam.index import Index, Provider

__all__ = ["LIBRARIES", "guard_imports", "is_cpu_only", "refusal"]

LIBRARIES: Final = frozenset(
    {
        "torch",
        "cupy",
        "cupy_backends",
        "jax",
        "jaxlib",
        "tensorflow",
        "pyclesperanto",
        "pyclesperanto_prototype",
    }
    | {"pyopencl", "cucim", "cudf", "numba.cuda", "warp", "mxnet", "paddle"}
)
"""Libraries that occupy an accelerator. Plugins for others announce them in ``openhcs.accelerator``."""

_VARIABLE: Final = "OPENHCS_SUBPROCESS_NO_GPU"


def is_cpu_only() -> bool:
    """Whether this process was told to do without accelerators."""
    return os.environ.get(_VARIABLE) == "1"


def refusal(provider: Provider, index: Index) -> str | None:
    """Return why the provider may not be used in this process, or ``None`` if it may.

    Memory types, converters and function libraries are known by their key; other plugins by the group
    ``openhcs.accelerator`` of their distribution.
    """
    if not is_cpu_only():
        return None
    words = {provider.key, *provider.key.split(".")}
    named = provider.kind in ("memory", "converter", "functions") and words & LIBRARIES
    if named or f"{provider.kind}:{provider.key}" in index.accelerators.values():
        return f"it uses an accelerator, and {_VARIABLE}=1 keeps this process without one"
    return None


def guard_imports(index: Index) -> None:
    """Make importing an accelerator library fail in this process, if it is to do without them."""
    if not is_cpu_only():
        return
    names = LIBRARIES | index.accelerators.keys()
    for finder in sys.meta_path:
        if isinstance(finder, _Refuser):
            finder.names |= names
            return
    sys.meta_path.insert(0, _Refuser(names))


# A finder is whatever has find_spec; the abstract class would pull in importlib.resources and more.
class _Refuser:
    def __init__(self, names: frozenset[str]) -> None:
        self.names = names

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in self.names:
            raise PluginBlockedError(
                f"module {fullname!r} uses an accelerator, and {_VARIABLE}=1 keeps this process without one. "
                "Unset it, or do this work in another process."
            )
        return
