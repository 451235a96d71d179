"""Finding JAX without importing it, importing it when an array is wanted, and its devices by name."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from typing import Any, Final

from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError

__all__ = ["availability", "device_named", "devices", "keeps_64_bits", "load", "loaded", "name_of"]

_INSTALL: Final = "pip install jax"


def availability() -> Availability:
    """Say whether JAX is installed with its compiled part; it always has the CPU."""
    for name in ("jax", "jaxlib"):
        spec = importlib.util.find_spec(name)
        if spec is None:
            return Availability("library missing", f"{name} is not installed. Run: {_INSTALL}")
        if spec.origin is None:  # a folder of that name on the path imports as an empty package
            folders = ", ".join(spec.submodule_search_locations or ())
            return Availability(
                "library missing",
                f"{name} is not installed; {folders} is a folder of that name and no library. Run: {_INSTALL}",
            )
    return Availability(
        "ready", "JAX is installed and works on the CPU; its devices show once it is imported"
    )


def loaded() -> Any | None:
    """Return JAX if somebody has imported it already."""
    jax = sys.modules.get("jax")
    return jax if hasattr(jax, "Array") else None


def load() -> Any:
    """Import JAX. Raises ``LibraryMissingError``."""
    found = availability()
    if found.state != "ready":
        raise LibraryMissingError(found.detail, found.state)
    try:
        return importlib.import_module("jax")
    except (ImportError, OSError, RuntimeError) as error:  # jax and jaxlib that do not fit: RuntimeError
        raise LibraryMissingError(
            f"JAX is installed and cannot be imported: {error}. Run: {_INSTALL} jaxlib --force-reinstall",
            "library missing",
        ) from error


def keeps_64_bits() -> bool:
    """Whether JAX keeps 64-bit values in this thread just now; before it is imported, what it will do."""
    jax = loaded()
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
    try:
        for device in jax.local_devices(backend=name.partition(":")[0]):
            if name_of(device) == name:
                return device
        why = "there are fewer devices of that kind"
    except RuntimeError as error:
        why = str(error).strip().splitlines()[0]
    raise DeviceUnavailableError(
        f"JAX {jax.__version__} has no device {name!r}: {why}. It has {', '.join(devices(jax))}; "
        "CUDA devices need a driver and: pip install 'jax[cuda13]'",
        "no device",
    )
