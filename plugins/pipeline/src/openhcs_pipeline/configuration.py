"""Where a run reads its planes, keeps intermediates and puts its results."""

from __future__ import annotations

from typing import Final

import attrs

from openhcs_host import Backend, Host
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.contracts.storage import Capability
from openhcs_host.errors import PluginError

__all__ = ["VFSConfig", "backend_problems"]

_STORES: Final = Capability.READ | Capability.WRITE


@attrs.frozen
class VFSConfig:
    """The backends of a run, each by its key; which microscope made the plate plays no part."""

    read_backend: str = Backend.VIRTUAL_WORKSPACE.value
    """``virtual_workspace`` shows planes under their virtual names; the plate's own backend (``disk``,
    ``zarr``) reads them where they lie; any other one, such as ``memory``, is given the planes of a well
    first, and the steps read them there."""
    intermediate_backend: str = Backend.MEMORY.value
    """Where images stay between steps."""
    materialization_backend: str = Backend.DISK.value
    """Where final images and tables go. What describes the run is always on disk."""

    def stages(self, reading: PlateReading) -> bool:
        """Whether planes are copied into the read backend before the steps read them."""
        return self.read_backend not in (Backend.VIRTUAL_WORKSPACE, reading.backend)


def backend_problems(host: Host, vfs: VFSConfig, reading: PlateReading) -> list[str]:
    """Return what is wrong with the choice of backends, one sentence each, activating those chosen."""
    problems = []
    wanted = {
        "read_backend": (vfs.read_backend, _STORES if vfs.stages(reading) else Capability.READ),
        "intermediate_backend": (vfs.intermediate_backend, _STORES),
        "materialization_backend": (vfs.materialization_backend, _STORES),
    }
    for name, (key, needed) in wanted.items():
        try:
            able = host.backend(key).capabilities
        except PluginError as error:
            problems.append(f"{name} {key!r}: {error}")
            continue
        if needed not in able:
            lacks = ", ".join(str(c.name).lower() for c in needed if c not in able)
            problems.append(f"{name} {key!r} cannot {lacks}; choose another backend")
    return problems
