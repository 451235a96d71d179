"""What of CuPy can be used here: the library, a driver that fits it, and a device; without importing it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Final

from openhcs_host.arrays import cuda
from openhcs_host.arrays.libraries import Library
from openhcs_host.contracts.memory import Availability

__all__ = ["CUPY", "availability", "built_for"]

CUPY: Final = Library(
    "cupy", "CuPy", "ndarray", "pip install 'openhcs-mem-cupy[cuda12]', or [cuda13], as nvidia-smi shows"
)


def availability() -> Availability:
    """Say whether CuPy is installed, and the driver fits it and shows a device. CuPy has no CPU."""
    spec = importlib.util.find_spec("cupy")
    needed = built_for(spec.origin) if spec is not None and spec.origin is not None else None
    return CUPY.missing() or cuda.judged(cuda.driver(), "CuPy", needed)


def built_for(origin: str) -> int | None:
    """Return the CUDA that the wheel of the CuPy at ``origin`` is named for; ``None`` if it was built here."""
    for folder in Path(origin).parent.parent.glob("cupy_cuda*x-*.dist-info"):
        match = re.match(r"cupy_cuda(\d+)x-", folder.name)
        if match:
            return int(match[1])
    return None
