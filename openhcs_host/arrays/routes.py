"""The ways from one memory type to another, and the cheapest of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from openhcs_host.arrays.devices import kind_of
from openhcs_host.arrays.dtypes import itemsize_of, keeps_every_value
from openhcs_host.arrays.plan import Route, Step
from openhcs_host.contracts.memory import ArrayFacts, ConversionCost, Converter, MemoryType
from openhcs_host.errors import ArrayError, MemoryConversionError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Wish", "find_route"]

ZERO, COPY, CROSSING = ConversionCost.ZERO_COPY, ConversionCost.DEVICE_COPY, ConversionCost.HOST_ROUND_TRIP


@attrs.frozen
class Wish:
    """One conversion to find a way for."""

    source: MemoryType
    """Memory type of the array."""
    target: MemoryType
    """Memory type that is wanted."""
    facts: ArrayFacts
    """Of the array."""
    device: str
    """Where the result shall live."""
    dtype: str | None
    """The dtype that was named, ``None`` for the array's own."""
    copy: bool | None
    """As in the array API."""
    converter: Callable[[str], Converter | None]
    """Returns the converter of a key, if one is installed."""
    private: bool = False
    """Whether nobody else uses the array: its memory may then be taken over."""
    view: np.ndarray[Any, Any] | None = None
    """The array's memory as NumPy shows it; looked at only where sharing is demanded, else ``None``."""

    def refusal(self, method: str, reason: str) -> MemoryConversionError:
        """Return the error that says why it cannot be done."""
        return MemoryConversionError(self.source.key, self.target.key, method, reason)


@attrs.frozen
class _Leg:
    step: Step
    facts: ArrayFacts  # of what it gives
    private: bool  # nobody else uses what it gives


def find_route(wish: Wish) -> Route:
    """Return the cheapest way on which no value changes; a converter goes before our own at equal cost.

    Raises ``MemoryConversionError`` when the target cannot keep the values, or ``copy=False`` cannot be had.
    """
    kept = _kept(wish)
    if wish.dtype not in (None, wish.facts.dtype):
        return _cast_route(wish, kept)
    if wish.source is wish.target and wish.facts.device == wish.device and not wish.copy:
        return Route((), kept, wish.device)
    candidates = [*_converted(wish, kept), *_over_dlpack(wish, kept), *_on_its_devices(wish, kept)]
    # Crossing twice is the last way out between two devices, and the only one when one side is no device.
    candidates += _over_numpy(wish, kept)
    if not candidates:
        raise wish.refusal("any route", _why_nothing_shares(wish))
    return min(candidates, key=lambda route: route.weight)


def _kept(wish: Wish) -> str:
    wanted = wish.dtype or wish.facts.dtype
    if wish.source is wish.target and wanted == wish.facts.dtype and wish.facts.device == wish.device:
        return wanted
    kept = wish.target.holds(wanted, wish.device)
    where = f"{wish.target.key} on {wish.device}"
    if kept is None:
        raise wish.refusal(
            "holds", f"{where} has no dtype that keeps every value of {wanted}. {_way_out(wish)}"
        )
    if wish.dtype is not None and kept != wanted:
        raise wish.refusal("holds", f"{where} keeps {wanted} as {kept}; say dtype={kept!r} if that is fine")
    if not keeps_every_value(kept, wanted):
        raise wish.refusal("holds", f"{where} would keep {wanted} as {kept}, which changes values")
    return kept


def _way_out(wish: Wish) -> str:
    """Return how to allow it, in the words of the target where it has some."""
    wanted = wish.dtype or wish.facts.dtype
    if itemsize_of(wanted) is None:
        return f"No library takes {wanted} from another; cast it to a dtype of NumPy's numbers first."
    import numpy as np

    from openhcs_host.arrays.casting import dtype_named

    try:
        wish.target.from_numpy(np.zeros((1, 1), dtype_named(wanted)), device=wish.device)
    except ArrayError as error:
        reason = str(getattr(error, "reason", error))
        return f"{reason[:1].upper()}{reason[1:]}."
    likely = ("int64", "uint32", "int32", "float64", "float32", "complex64", "uint16", "uint8")
    has = [dtype for dtype in likely if wish.target.holds(dtype, wish.device) == dtype]
    return (
        f"Name a dtype that it has ({', '.join(has)}): values that do not fit are then refused, one by one."
    )


def _converted(wish: Wish, kept: str) -> Iterator[Route]:
    if "numpy" in (wish.source.key, wish.target.key):
        return  # a leg of the way over NumPy
    found = wish.converter(f"{wish.source.key}.{wish.target.key}")
    if found is not None and not (wish.copy is False and found.cost != ZERO):
        leg = _converter_leg(wish, found, wish.facts, kept, wish.device, wish.copy)
        yield Route((leg.step,), kept, wish.device)


def _converter_leg(
    wish: Wish, found: Converter, facts: ArrayFacts, kept: str, device: str, copy: bool | None
) -> _Leg:
    cost = max(found.cost, COPY) if copy else found.cost
    shares = cost == ZERO
    step = Step(
        found.key,
        partial(found.convert, device=device, copy=copy),
        cost,
        0 if shares else _nbytes(facts, kept),
    )
    return _Leg(
        step, attrs.evolve(facts, device=device) if shares else _fresh(facts, kept, device), not shares
    )


def _over_dlpack(wish: Wish, kept: str) -> Iterator[Route]:
    kind = kind_of(wish.facts.device)
    if kind not in wish.source.dlpack_devices & wish.target.dlpack_devices:
        return
    if kind_of(wish.device) != kind or kept != wish.facts.dtype:
        return
    # Otherwise one side could write what the other takes for constant.
    safe = wish.facts.writable != wish.target.immutable
    copies = bool(wish.copy) or not safe
    moves = wish.device != wish.facts.device
    if wish.copy is False and (copies or moves):
        return
    nbytes = wish.facts.nbytes
    taken = partial(wish.target.from_dlpack, copy=True if copies else wish.copy)
    steps = [Step("dlpack", taken, COPY if copies else ZERO, nbytes if copies else 0)]
    if moves:
        steps.append(Step("to_device", partial(_moved, wish.target, wish.device), COPY, nbytes))
    yield Route(tuple(steps), kept, wish.device)


def _on_its_devices(wish: Wish, kept: str) -> Iterator[Route]:
    if wish.source is not wish.target or wish.facts.device == wish.device or wish.copy is False:
        return
    cost = CROSSING if "cpu" in (wish.device, wish.facts.device) else COPY
    step = Step("to_device", partial(_moved, wish.target, wish.device), cost, wish.facts.nbytes)
    yield Route((step,), kept, wish.device)


def _moved(memory: MemoryType, device: str, array: Any) -> Any:
    return memory.to_device(array, device)


def _over_numpy(wish: Wish, kept: str) -> list[Route]:
    if wish.source.key == "numpy":
        return [Route((leg.step,), kept, wish.device) for leg in _legs_in(wish, None, kept)]
    if wish.target.key == "numpy":
        return [Route((leg.step,), kept, wish.device) for leg in _legs_out(wish, wish.copy)]
    return [
        Route((out.step, into.step), kept, wish.device)
        for out in _legs_out(wish, False if wish.copy is False else None)
        for into in _legs_in(wish, out, kept)
    ]


def _legs_out(wish: Wish, copy: bool | None) -> Iterator[_Leg]:
    facts = wish.facts
    found = wish.converter(f"{wish.source.key}.numpy")
    if found is not None and not (copy is False and found.cost != ZERO):
        yield _converter_leg(wish, found, facts, facts.dtype, "cpu", copy)
    shares = wish.source.shares_out(facts) and not copy
    if copy is False and not shares:
        return
    cost = ZERO if shares else COPY if facts.device == "cpu" else CROSSING
    step = Step("to_numpy", partial(wish.source.to_numpy, copy=copy), cost, 0 if shares else facts.nbytes)
    after = attrs.evolve(facts, device="cpu") if shares else _fresh(facts, facts.dtype, "cpu")
    yield _Leg(step, after, wish.private or not shares)


def _legs_in(wish: Wish, out: _Leg | None, kept: str) -> Iterator[_Leg]:
    facts, private = (out.facts, out.private) if out is not None else (wish.facts, wish.private)
    # What the first leg copied is copied.
    copy = None if wish.copy and out is not None and out.private and not wish.private else wish.copy
    found = wish.converter(f"numpy.{wish.target.key}")
    if found is not None and not (copy is False and found.cost != ZERO):
        yield _converter_leg(wish, found, facts, kept, wish.device, copy)
    shares = not copy and kept == facts.dtype and _takes_memory(wish, facts, copy)
    if copy is False and not shares:
        return
    cost = ZERO if shares else COPY if kind_of(wish.device) == "cpu" else CROSSING
    given = private and facts.writable
    step = Step(
        "from_numpy",
        partial(wish.target.from_numpy, device=wish.device, copy=copy, given=given),
        cost,
        0 if shares else _nbytes(facts, kept),
    )
    yield _Leg(step, _fresh(facts, kept, wish.device), not shares)


def _takes_memory(wish: Wish, facts: ArrayFacts, copy: bool | None) -> bool:
    if wish.target.shares_in(facts, wish.device):
        return True
    return copy is False and wish.view is not None and wish.target.shares_on_demand(wish.view, wish.device)


def _cast_route(wish: Wish, kept: str) -> Route:
    """Return the way to a dtype that was named: by the source's library where that cannot change a value."""
    if wish.copy is False:
        raise wish.refusal("cast", f"copy=False, and {wish.facts.dtype} becomes {kept} in new memory only")
    facts = wish.facts
    if keeps_every_value(kept, facts.dtype) and wish.source.holds(kept, facts.device) == kept:
        after = _fresh(facts, kept, facts.device, writable=not wish.source.immutable)
        cast = Step("cast", lambda array: wish.source.cast(array, kept), COPY, after.nbytes)
        rest = find_route(attrs.evolve(wish, facts=after, dtype=None, copy=None, private=True))
        return Route((cast, *rest.steps), kept, wish.device)
    # Values decide, so NumPy reads them, wherever they are.
    legs = [] if wish.source.key == "numpy" else [next(_legs_out(wish, None))]
    after = _fresh(facts, kept, "cpu")
    checked = Step("cast", partial(_cast_in_numpy, wish, kept), COPY, after.nbytes)
    steps = [*(leg.step for leg in legs), checked]
    if wish.target.key != "numpy":
        moved = attrs.evolve(wish, facts=after, dtype=None, copy=None)
        steps.append(next(_legs_in(moved, _Leg(checked, after, private=True), kept)).step)
    return Route(tuple(steps), kept, wish.device)


def _cast_in_numpy(wish: Wish, dtype: str, array: Any) -> Any:
    from openhcs_host.arrays.casting import cast_exactly

    try:
        return cast_exactly(array, dtype)
    except ValueError as error:
        raise wish.refusal(
            "cast", f"{error}. Round, clip or rescale the array yourself, or name a wider dtype."
        ) from error


def _why_nothing_shares(wish: Wish) -> str:
    facts = wish.facts
    what = [
        "" if facts.writable else "read-only",
        "" if facts.native else "strides, alignment or byte order of its own",
        "" if facts.contiguous else "not in C order",
        "" if facts.device == wish.device else f"on {facts.device}",
        "" if not wish.target.immutable or _is_aligned(wish) else "beginning at no multiple of 64 bytes",
    ]
    described = ", ".join(filter(None, what))
    return (
        f"copy=False, and {wish.target.key} on {wish.device} cannot share the memory of this {facts.dtype} array"
        f"{f' ({described})' if described else ''}; leave copy out to let it be copied"
    )


def _is_aligned(wish: Wish) -> bool:
    from openhcs_host.arrays.alignment import begins_aligned

    return wish.view is None or begins_aligned(wish.view)


def _fresh(facts: ArrayFacts, dtype: str, device: str, *, writable: bool = True) -> ArrayFacts:
    return ArrayFacts(facts.shape, dtype, device, _nbytes(facts, dtype), writable)


def _nbytes(facts: ArrayFacts, dtype: str) -> int:
    size = itemsize_of(dtype)
    return facts.nbytes if size is None else size * math.prod(facts.shape)
