"""The hooks that plugins implement, and the markers to do so.

A creating hook is called on one plugin for one key; implementations may leave out arguments that
they do not need. Observing hooks go to every observer that was enabled, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from openhcs_host.contracts.execution import Executor, FunctionLibrary
    from openhcs_host.contracts.formats import Format
    from openhcs_host.contracts.memory import Converter, MemoryType
    from openhcs_host.contracts.microscopes import MicroscopeHandler
    from openhcs_host.contracts.storage import DataSink
    from openhcs_host.seam.host import Host

__all__ = ["hookimpl"]

PROJECT = "openhcs"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a plugin's implementation of a hook."""


@hookspec(firstresult=True)
def openhcs_create_backend(key: str, config: Mapping[str, Any], host: Host) -> DataSink:  # type: ignore[empty-body]
    """Create the storage backend ``key`` (kind ``backend``)."""


@hookspec(firstresult=True)
def openhcs_create_format(key: str, config: Mapping[str, Any], host: Host) -> Format:  # type: ignore[empty-body]
    """Create the file format of extension ``key`` (kind ``format``)."""


@hookspec(firstresult=True)
def openhcs_create_memory(key: str, config: Mapping[str, Any], host: Host) -> MemoryType:  # type: ignore[empty-body]
    """Create the memory type ``key`` (kind ``memory``)."""


@hookspec(firstresult=True)
def openhcs_create_converter(key: str, config: Mapping[str, Any], host: Host) -> Converter:  # type: ignore[empty-body]
    """Create the converter ``source.target`` (kind ``converter``)."""


@hookspec(firstresult=True)
def openhcs_create_microscope(  # type: ignore[empty-body]
    key: str, config: Mapping[str, Any], host: Host
) -> MicroscopeHandler:
    """Create the microscope handler ``key`` (kind ``microscope``)."""


@hookspec(firstresult=True)
def openhcs_create_executor(key: str, config: Mapping[str, Any], host: Host) -> Executor:  # type: ignore[empty-body]
    """Create the executor ``key`` (kind ``executor``)."""


@hookspec(firstresult=True)
def openhcs_create_functions(  # type: ignore[empty-body]
    key: str, config: Mapping[str, Any], host: Host
) -> FunctionLibrary:
    """Create the function library ``key`` (kind ``functions``)."""


@hookspec(firstresult=True)
def openhcs_create_command(key: str, config: Mapping[str, Any], host: Host) -> click.Command:  # type: ignore[empty-body]
    """Create the sub-command ``openhcs <key>`` (kind ``command``)."""


@hookspec
def openhcs_before_step(well: str, step: str) -> None:
    """Observe that a step is about to work on a well."""


@hookspec
def openhcs_after_step(well: str, step: str, seconds: float) -> None:
    """Observe that a step has finished a well."""


@hookspec
def openhcs_progress(done: int, total: int, well: str, failed: bool) -> None:
    """Observe that a well has ended: ``done`` of ``total`` wells are through."""


@hookspec
def openhcs_materialized(name: str, path: str, backend: str) -> None:
    """Observe that a result was written under ``path``."""


@hookspec
def openhcs_converted(source: str, target: str, method: str, nbytes: int, seconds: float) -> None:
    """Observe that an array went from one memory type to another, by which steps, copying how many bytes."""


@hookspec
def openhcs_release_memory(memory_type: str, device: str) -> None:
    """Observe that cached memory of a device was given back."""
