"""The work that executors are given: one well, in whichever process."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import attrs

from openhcs_backend_virtual.backend import VirtualWorkspaceBackend
from openhcs_host import FileManager, Host
from openhcs_host.seam.policy import Policy
from openhcs_pipeline.loading import PIPELINE_MODULE
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.well import WellResult, run_well

__all__ = ["WellWork", "mount_plate"]


@attrs.frozen
class WellWork:
    """Runs the plan over the well that it is called with.

    It can be pickled: the functions of the pipeline file travel by value, the plan with them, and the other
    process makes a host of its own with the same policy, which activates what the plan needs and nothing
    else.
    """

    plan: Plan
    """What is run."""
    files: FileManager
    """Backends, and the host that they come from."""

    def __call__(self, well: str) -> WellResult:
        """Run the steps over one well."""
        return run_well(self.plan, self.files, well)

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (_dumped(self.plan), self.files.host.policy)


def mount_plate(plan: Plan, files: FileManager) -> None:
    """Let the read backend show the plate, if it is one that shows plates under virtual names."""
    source = files.get_backend(plan.vfs.read_backend)
    if isinstance(source, VirtualWorkspaceBackend):
        source.mount(plan.reading.root.absolute(), plan.workspace)


def _dumped(plan: Plan) -> bytes:
    import cloudpickle  # type: ignore[import-untyped] # only for work that leaves the process

    modules = [module for name, module in list(sys.modules.items()) if _is_pipeline_file(name, module)]
    # No other process can import a pipeline file by its name; what else it registered by value stays so.
    mine = [m for m in modules if m.__name__ not in cloudpickle.list_registry_pickle_by_value()]
    for module in mine:
        cloudpickle.register_pickle_by_value(module)
    try:
        dumped: bytes = cloudpickle.dumps(plan)
    finally:
        for module in mine:
            cloudpickle.unregister_pickle_by_value(module)
    return dumped


def _is_pipeline_file(name: str, module: object) -> bool:
    return name.startswith(PIPELINE_MODULE) and isinstance(module, ModuleType)


def _remade(plan: bytes, policy: Policy) -> WellWork:
    import cloudpickle

    files = FileManager(Host(policy=policy))
    work = WellWork(cloudpickle.loads(plan), files)
    mount_plate(work.plan, files)
    return work
