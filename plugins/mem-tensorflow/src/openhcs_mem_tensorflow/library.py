"""Finding TensorFlow without importing it, and importing it without harm to others.

TensorFlow loads its shared libraries with ``RTLD_GLOBAL``. Their symbols, an LLVM among them, then take the
place of others': an OpenCL driver loaded later, or Ice, ends the process. Imported without that flag it leaves
them alone; what is lost is ``tf.load_op_library`` for operations that need those symbols.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from openhcs_host.arrays import cuda
from openhcs_host.arrays.libraries import Library
from openhcs_host.contracts.memory import Availability

__all__ = ["TENSORFLOW", "availability", "load", "missing_cuda", "symbols_kept_local"]

TENSORFLOW: Final = Library(
    "tensorflow", "TensorFlow", "Tensor", "pip install 'openhcs-mem-tensorflow[cpu]', or [gpu]"
)


def availability() -> Availability:
    """Say whether TensorFlow is installed; it always has the CPU."""
    return TENSORFLOW.missing() or Availability(
        "ready",
        f"TensorFlow is installed and works on the CPU; {cuda.in_words()}",
    )


def load() -> Any:
    """Import TensorFlow, its symbols kept to itself. Raises ``LibraryMissingError``.

    Its own two lines about oneDNN and the processor go to the standard error; no setting silences them.
    """
    with symbols_kept_local():
        return TENSORFLOW.load(availability())


def missing_cuda(tensorflow: Any, devices: Sequence[str]) -> Availability:
    """Say why TensorFlow, with these ``devices``, does not have a CUDA device that somebody wants."""
    build = tensorflow.sysconfig.get_build_info()
    mend = "GPUs need a driver and: pip install 'openhcs-mem-tensorflow[gpu]'"
    if len(devices) > 1:
        found = Availability("no device", f"TensorFlow sees {', '.join(devices)}")
    elif not build.get("is_cuda_build"):
        found = Availability("no device", f"TensorFlow {tensorflow.__version__} is built without CUDA", mend)
    else:
        major = str(build.get("cuda_version", "")).partition(".")[0]
        found = cuda.judged(cuda.driver(), "TensorFlow", int(major) if major.isdigit() else None)
    if found.state == "ready":
        why = f"TensorFlow sees none, and yet {found.detail}; it says why when it is imported"
        found = Availability("no device", why, mend)
    return found


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
