"""Arrays from one memory type to another, as values never change: the functions that everybody calls.

What they need is imported with the first array, so that importing the host stays cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from openhcs_host.seam.default_host import default_host

if TYPE_CHECKING:
    from openhcs_host.arrays.conversions import Conversions
    from openhcs_host.arrays.plan import ConversionPlan
    from openhcs_host.seam.host import Host

__all__ = ["conversions_of", "convert", "plan_conversion", "stack_slices", "unstack_slices"]

_PART = "conversions"


def convert(
    array: Any,
    target: str,
    device: str | int | None = None,
    dtype: str | None = None,
    copy: bool | None = None,
    *,
    source: str | None = None,
    host: Host | None = None,
) -> Any:
    """Return equal values as an array of the memory type ``target``.

    ``device`` names a device or, as a number, an accelerator; without it the array stays where it is if
    the target can be there, and goes to the target's default device if not. ``dtype`` names another dtype and
    thereby allows floating values to be rounded, nothing else. ``copy`` follows the array API: ``None``
    shares memory where that is safe, ``True`` always copies, ``False`` shares or raises. ``source``
    is checked, not believed. ``host`` is the process's default host unless given.

    Raises ``MemoryConversionError`` where a value would change or memory cannot be shared as wanted,
    ``PluginNotFoundError`` for a memory type that is not installed, ``LibraryMissingError`` and
    ``DeviceUnavailableError`` for one that cannot be used here.
    """
    return conversions_of(host).convert(array, target, device, dtype, copy, source)


def plan_conversion(
    source: Any,
    target: str,
    device: str | int | None = None,
    dtype: str | None = None,
    copy: bool | None = None,
    *,
    host: Host | None = None,
) -> ConversionPlan:
    """Return what ``convert`` does with an array, exactly; with the name of a memory type, within bounds.

    Raises what ``convert`` raises, but for values that do not fit into a named ``dtype``: no value is read.
    """
    conversions = conversions_of(host)
    if isinstance(source, str):
        return conversions.bounds(source, target, device, dtype, copy)
    return conversions.plan(source, target, device, dtype, copy)


def stack_slices(
    slices: Sequence[Any], memory_type: str, device: str | int | None = None, *, host: Host | None = None
) -> Any:
    """Return a new [Z, Y, X] array of 2-D arrays of any memory types; it shares memory with none of them.

    dtypes that differ are joined in the narrowest that holds every value of all. Raises ``ArrayError``
    when there is no slice, one is not 2-D, shapes differ, or no dtype holds all; and what ``convert`` raises.
    """
    return conversions_of(host).stack(slices, memory_type, device)


def unstack_slices(
    array: Any, memory_type: str, device: str | int | None = None, *, host: Host | None = None
) -> list[Any]:
    """Return the planes of a [Z, Y, X] array, as views where the memory type has them.

    Raises ``ArrayError`` when the array is not 3-D or has no plane; and what ``convert`` raises.
    """
    return conversions_of(host).unstack(array, memory_type, device)


def conversions_of(host: Host | None) -> Conversions:
    """Return a host's conversions, which remember what was found out; ``None`` is the default host."""
    if host is None:
        host = default_host()
    found: Conversions | None = host.parts.get(_PART)
    if found is None:
        from openhcs_host.arrays.conversions import Conversions

        found = host.parts.setdefault(_PART, Conversions(host))
    return found
