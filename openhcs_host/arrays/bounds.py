"""What can be said of a conversion between two memory types without an array."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from openhcs_host.arrays.dtypes import itemsize_of
from openhcs_host.arrays.plan import ConversionPlan, Route
from openhcs_host.arrays.routes import Wish, find_route
from openhcs_host.contracts.memory import ArrayFacts, Converter, MemoryType
from openhcs_host.errors import MemoryConversionError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["bounds"]

_PIXELS = ("uint16", "float32", "uint8")
"""What images are made of, the most usual first."""


def bounds(
    source: MemoryType,
    target: MemoryType,
    start: str,
    end: str,
    dtype: str | None,
    copy: bool | None,
    converter: Callable[[str], Converter | None],
) -> ConversionPlan:
    """Return the plan of the best and the worst array of pixels on the device ``start``.

    The best lies in order and may be written to; the worst has strides or a byte order of its own and
    is read-only. Raises what the best raises.
    """
    facts = _best(source, target, start, end)
    wish = Wish(source, target, facts, end, dtype, copy, converter)
    best = find_route(attrs.evolve(wish, view=_view(facts)) if source.shares_out(facts) else wish)
    routes = [best]
    for worse in _worse(facts):
        # What copy=False refuses has no cost.
        with contextlib.suppress(MemoryConversionError):
            routes.append(find_route(attrs.evolve(wish, facts=worse)))
    sharing = {route.shares for route in routes}
    return ConversionPlan(
        source=source.key,
        target=target.key,
        route=best.names,
        cost=min(route.cost for route in routes),
        at_most=max(route.cost for route in routes),
        bytes_copied=_bytes(routes),
        dtype=dtype,
        device=end,
        shares=sharing.pop() if len(sharing) == 1 else None,
    )


def _bytes(routes: list[Route]) -> int | None:
    return None if any(route.nbytes for route in routes) else 0


def _best(source: MemoryType, target: MemoryType, start: str, end: str) -> ArrayFacts:
    both = [pixel for pixel in _PIXELS if source.holds(pixel, start) == pixel and target.holds(pixel, end)]
    dtype = both[0] if both else "float32"
    return ArrayFacts((1, 1), dtype, start, itemsize_of(dtype) or 0, writable=not source.immutable)


def _view(facts: ArrayFacts) -> np.ndarray[Any, Any]:
    from openhcs_host.arrays.alignment import aligned_empty
    from openhcs_host.arrays.casting import dtype_named

    view = aligned_empty(facts.shape, dtype_named(facts.dtype))
    view.flags.writeable = facts.writable
    return view


def _worse(facts: ArrayFacts) -> Iterator[ArrayFacts]:
    yield attrs.evolve(facts, contiguous=False)
    yield attrs.evolve(facts, contiguous=False, native=False)
    yield attrs.evolve(facts, contiguous=False, native=False, writable=False)
