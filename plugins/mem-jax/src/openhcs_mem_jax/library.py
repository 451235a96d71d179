"""Finding JAX without importing it, importing it when an array is wanted, and its devices by name."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

from openhcs_host.arrays import cuda
from openhcs_host.arrays.libraries import Library
from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError

__all__ = ["JAX", "availability", "device_named", "devices", "keeps_64_bits", "missing_device", "name_of"]

JAX: Final = Library("jax", "JAX", "Array", "pip install jax", parts=("jaxlib",))


def availability() -> Availability:
    """Say whether JAX is installed with its compiled part; it always has the CPU."""
    return JAX.missing() or Availability(
        "ready",
        f"JAX is installed and works on the CPU; {cuda.in_words()}",
    )


def keeps_64_bits() -> bool:
    """Whether JAX keeps 64-bit values in this thread just now; before it is imported, what it will do."""
    jax = JAX.imported()
    if jax is None:
        return os.environ.get("JAX_ENABLE_X64", "").lower() in ("y", "yes", "t", "true", "on", "1")
    return bool(jax.dtypes.canonicalize_dtype("int64") == "int64")


def name_of(device: Any) -> str:
    """Return the contract's name of one of JAX's devices; all of the CPU's are ``cpu``."""
    if device.platform == "cpu":
        return "cpu"
    return f"{'cuda' if device.platform == 'gpu' else device.platform}:{device.id}"


def devices(jax: Any) -> tuple[str, ...]:
    """Return this process's devices, JAX's default first, and ``cpu`` where it may be used beside others."""
    try:
        names = [name_of(device) for device in jax.local_devices()]
    except RuntimeError as error:  # JAX_PLATFORMS names what is not there
        raise DeviceUnavailableError(f"JAX finds no device: {error}", "no device") from error
    with contextlib.suppress(RuntimeError):  # JAX_PLATFORMS may leave it out: the user wants it so
        names += [name_of(device) for device in jax.local_devices(backend="cpu")]
    return tuple(dict.fromkeys(names))


def device_named(jax: Any, name: str) -> Any:
    """Return JAX's device of that name. Raises ``DeviceUnavailableError``."""
    with contextlib.suppress(RuntimeError):  # it has none of that kind
        for device in jax.local_devices(backend=name.partition(":")[0]):
            if name_of(device) == name:
                return device
    found = missing_device(jax, name)
    raise DeviceUnavailableError(f"there is no device {name}: {found}", found.state)


def missing_device(jax: Any, name: str) -> Availability:
    """Say why JAX does not have the device of that name."""
    kind = name.partition(":")[0]
    if kind == "cuda" and cuda.driver().version is None:
        return cuda.judged(cuda.driver(), "JAX")
    try:
        count = len(jax.local_devices(backend=kind))
        why = f"JAX {jax.__version__} sees {count} of that kind"
    except RuntimeError as error:
        why = str(error).strip().splitlines()[0].rstrip(".")
    cure = "CUDA devices need a driver and: pip install 'jax[cuda13]'"
    return Availability("no device", f"{why}; it has {', '.join(devices(jax))}", cure)
