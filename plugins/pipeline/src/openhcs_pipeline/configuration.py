"""Where a run reads its planes, keeps intermediates and puts its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import attrs

from openhcs_host import Backend, Host
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.contracts.storage import Capability
from openhcs_host.errors import PluginError

__all__ = ["Durability", "Missing", "VFSConfig", "backend_problems"]

Missing = Literal["error", "skip", "fill"]
"""Planes that have no file are refused, left out, or stand there as zeros."""

Durability = Literal["power", "process"]
"""A finished well survives a loss of power, or any end of a program."""

_STORES: Final = Capability.READ | Capability.WRITE


def _one_or_several(value: str | Sequence[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


@attrs.frozen
class VFSConfig:
    """The backends of a run, each by its key; which microscope made the plate plays no part."""

    read_backend: str = Backend.VIRTUAL_WORKSPACE.value
    """``virtual_workspace`` shows planes under their virtual names; the plate's own backend (``disk``,
    ``zarr``) reads them where they lie; any other one, such as ``memory``, is given the planes of a well
    first, and the steps read them there."""
    intermediate_backend: str = Backend.MEMORY.value
    """Where images stay between steps."""
    materialization_backend: str | tuple[str, ...] = attrs.field(
        default=Backend.DISK.value, converter=_one_or_several
    )
    """Where final images and tables go, one backend or several; the first has the main copy, ``images/``,
    the others ``images_<key>/``. What describes the run is always on disk."""
    backend_kwargs: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)
    """Backend to the options with which final images are saved there: ``{"disk": {"compression": "zlib"}}``."""

    @property
    def materialization_backends(self) -> tuple[str, ...]:
        """Where final images and tables go, the main one first."""
        chosen = self.materialization_backend
        return (chosen,) if isinstance(chosen, str) else chosen

    def stages(self, reading: PlateReading) -> bool:
        """Whether planes are copied into the read backend before the steps read them."""
        return self.read_backend not in (Backend.VIRTUAL_WORKSPACE, reading.backend)


def backend_problems(host: Host, vfs: VFSConfig, reading: PlateReading) -> list[str]:
    """Return what is wrong with the choice of backends, one sentence each, activating those chosen."""
    problems = []
    chosen = vfs.materialization_backends
    wanted = [
        ("read_backend", vfs.read_backend, _STORES if vfs.stages(reading) else Capability.READ),
        ("intermediate_backend", vfs.intermediate_backend, _STORES),
        *(("materialization_backend", key, _STORES) for key in chosen),
    ]
    if not chosen or len(set(chosen)) != len(chosen):
        problems.append(f"materialization_backend {chosen!r} must name at least one backend, and none twice")
    for key in sorted(vfs.backend_kwargs.keys() - set(chosen)):
        problems.append(f"backend_kwargs has options for {key!r}, which is no materialization_backend")
    for name, key, needed in wanted:
        try:
            able = host.backend(key).capabilities
        except PluginError as error:
            problems.append(f"{name} {key!r}: {error}")
            continue
        if needed not in able:
            lacks = ", ".join(str(c.name).lower() for c in needed if c not in able)
            problems.append(f"{name} {key!r} cannot {lacks}; choose another backend")
    return problems
