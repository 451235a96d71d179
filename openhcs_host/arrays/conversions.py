"""The conversions of one host: finds routes, runs them, checks what comes out, and remembers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from openhcs_host.arrays import stacks
from openhcs_host.arrays.bounds import bounds
from openhcs_host.arrays.devices import kind_of, require_available, resolve_device
from openhcs_host.arrays.dtypes import itemsize_of
from openhcs_host.arrays.plan import ConversionPlan, Route
from openhcs_host.arrays.routes import Wish, find_route
from openhcs_host.contracts.memory import ArrayFacts, Converter, MemoryType
from openhcs_host.errors import ArrayError, MemoryConversionError, PluginBlockedError
from openhcs_host.seam.host import Host

__all__ = ["Conversions"]


@attrs.frozen
class _Shortcut:
    """A way found before for arrays of the same class and dtype."""

    run: Callable[[Any], Any]
    dtype: Any  # the library's own object for the dtype of the result


class Conversions:
    """Converts arrays with the memory types and converters of one host, from any thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._shortcuts: dict[tuple[Any, ...], _Shortcut] = {}
        self._bounds: dict[tuple[Any, ...], ConversionPlan] = {}
        self._devices: dict[tuple[str, str | int | None], str] = {}
        self._ready: set[str] = set()
        self._converters: dict[str, Converter | None] = {}
        _warn(host.enable_site_observers())

    def convert(
        self,
        array: Any,
        target: str,
        device: str | int | None = None,
        dtype: Any = None,
        copy: bool | None = None,
        source: str | None = None,
    ) -> Any:
        """Convert one array; see ``openhcs_host.convert``."""
        try:
            shortcut = self._shortcuts[type(array), array.dtype, target, device, dtype, copy, source]
        except (KeyError, AttributeError, TypeError):  # never seen, no array, or nothing to be looked up by
            return self._convert(array, target, device, dtype, copy, source)
        if self._host.is_observed():
            return self._convert(array, target, device, dtype, copy, source)
        result = shortcut.run(array)
        if tuple(result.shape) == tuple(array.shape) and result.dtype == shortcut.dtype:
            return result
        wish = self.wish_for(array, target, device, dtype, copy, source)
        return self._checked(result, wish, find_route(wish))

    def plan(
        self, array: Any, target: str, device: str | int | None, dtype: Any, copy: bool | None
    ) -> ConversionPlan:
        """Return what ``convert`` does with this array."""
        wish = self.wish_for(array, target, device, dtype, copy, None)
        route = find_route(wish)
        return ConversionPlan(
            source=wish.source.key,
            target=wish.target.key,
            route=route.names,
            cost=route.cost,
            at_most=route.cost,
            bytes_copied=route.nbytes,
            dtype=route.dtype,
            device=route.device,
            shares=route.shares,
        )

    def bounds(
        self, source: str, target: str, device: str | int | None, dtype: Any, copy: bool | None
    ) -> ConversionPlan:
        """Return within which bounds arrays of a memory type are converted; the second time from memory."""
        try:
            return self._bounds[source, target, device, dtype, copy]
        except KeyError:
            pass
        theirs, ours = self.usable(source), self.usable(target)
        start = self._device(theirs, None)
        end = self._destination(theirs, ours, start, device)
        found = bounds(theirs, ours, start, end, _dtype_name(dtype), copy, self._converter)
        return self._bounds.setdefault((source, target, device, dtype, copy), found)

    def stack(self, slices: Sequence[Any], memory_type: str, device: str | int | None) -> Any:
        """Stack arrays of any memory types; see ``openhcs_host.stack_slices``."""
        target = self.usable(memory_type)
        planes = [stacks.Plane(*self.owner(each, memory_type), each) for each in slices]
        start = time.perf_counter()
        made = stacks.stack(self, planes, target, device)
        self._observe(made.source, target.key, made.method, made.nbytes, start)
        return made.array

    def hand_over(self, array: Any, target: MemoryType, device: str) -> Any:
        """Convert a NumPy array that nobody else uses: its memory may become the result's."""
        owner, facts = self.owner(array, target.key)
        wish = Wish(owner, target, facts, device, None, None, self._converter, private=True)
        route = find_route(wish)
        return self._checked(route.run(array), wish, route)

    def unstack(self, array: Any, memory_type: str, device: str | int | None) -> list[Any]:
        """Return the planes of a stack; see ``openhcs_host.unstack_slices``."""
        if device is not None or self._host.memory_type_of(array) != memory_type:
            array = self.convert(array, memory_type, device)
        memory = self._host.memory(memory_type)
        shape = array.shape if hasattr(array, "shape") else memory.facts(array).shape
        return stacks.unstack(memory, array, tuple(shape))

    def usable(self, key: str) -> MemoryType:
        """Return a memory type whose library is there; raise what is missing otherwise."""
        memory = self._host.memory(key)
        if key not in self._ready:
            require_available(memory)
            self._ready.add(key)
        return memory

    def owner(self, array: Any, target: str) -> tuple[MemoryType, ArrayFacts]:
        """Return the memory type that an array belongs to, and what it says of the array."""
        key = self._host.memory_type_of(array)
        memory = None if key is None else self._host.memory(key)
        if memory is None or not memory.owns(array):
            name = f"{type(array).__module__}.{type(array).__qualname__}"
            installed = ", ".join(sorted(set(self._host.index.arrays.values())))
            raise MemoryConversionError(
                name,
                target,
                "ownership",
                f"it is no array of an installed memory type ({installed}). Make one of it, numpy.asarray will "
                "often do, or install the distribution that serves its library",
            )
        return memory, memory.facts(array)

    def destination(
        self, source: MemoryType, target: MemoryType, facts: ArrayFacts, device: str | int | None
    ) -> str:
        """Return the device on which the result will live."""
        return self._destination(source, target, facts.device, device)

    def _convert(
        self,
        array: Any,
        target: str,
        device: str | int | None,
        dtype: Any,
        copy: bool | None,
        source: str | None,
    ) -> Any:
        wish = self.wish_for(array, target, device, dtype, copy, source)
        route = find_route(wish)
        start = time.perf_counter()
        result = self._checked(route.run(array), wish, route)
        self._observe(wish.source.key, target, route.method, route.nbytes, start)
        if self._always_goes(wish, route, device, dtype) and _looks_standard(array, result):
            name = (type(array), array.dtype, target, device, dtype, copy, source)
            self._shortcuts[name] = _Shortcut(_way(wish, route), result.dtype)
        return result

    def wish_for(
        self,
        array: Any,
        target: str,
        device: str | int | None,
        dtype: Any,
        copy: bool | None,
        source: str | None,
    ) -> Wish:
        """Return what is asked for, with all that is known of the array; ``find_route`` finds the way."""
        owner, facts = self.owner(array, target)
        if source is not None and source != owner.key:
            raise MemoryConversionError(
                source, target, "ownership", f"the array is declared {source!r} and is one of {owner.key!r}"
            )
        if copy not in (None, True, False):
            raise ArrayError(f"copy={copy!r} is neither None, True nor False")
        memory = self.usable(target)
        return Wish(
            source=owner,
            target=memory,
            facts=facts,
            device=self._destination(owner, memory, facts.device, device),
            dtype=_dtype_name(dtype),
            copy=copy,
            converter=self._converter,
            view=owner.to_numpy(array, copy=False) if copy is False and owner.shares_out(facts) else None,
        )

    def _destination(
        self, source: MemoryType, target: MemoryType, start: str, device: str | int | None
    ) -> str:
        if device is not None:
            return self._device(target, device)
        stays = source is target or kind_of(start) in source.dlpack_devices & target.dlpack_devices
        return start if stays else self._device(target, None)

    def _device(self, memory: MemoryType, device: str | int | None) -> str:
        name = memory.key, device
        if name not in self._devices:
            self._devices[name] = resolve_device(memory, device)
        return self._devices[name]

    def _converter(self, key: str) -> Converter | None:
        if key not in self._converters:
            self._converters[key] = self._find_converter(key)
        return self._converters[key]

    def _find_converter(self, key: str) -> Converter | None:
        if not self._host.index.offers("converter", key):
            return None
        try:
            return self._host.converter(key)
        except PluginBlockedError:  # the site decided, and the generic way is not blocked
            return None

    def _always_goes(self, wish: Wish, route: Route, device: str | int | None, dtype: Any) -> bool:
        """Whether every array of this class and dtype, however it lies in memory, goes this way."""
        if dtype is not None:
            return False
        if not route.steps:
            return device is None and not wish.copy
        source, target = wish.source.key, wish.target.key
        here = source == "numpy" or self._host.memory(source).devices() == ("cpu",)
        edges = {f"{source}.{target}", f"{source}.numpy", f"numpy.{target}"}
        if not here or edges & set(self._host.index.keys("converter")):
            return False
        # With copy=True it depends on the array in which of two steps it is copied.
        over_numpy = route.names == ("to_numpy", "from_numpy") and not wish.copy
        return over_numpy or route.names in (("to_numpy",), ("from_numpy",))

    def _checked(self, result: Any, wish: Wish, route: Route) -> Any:
        """Return the result, or raise if it is not what the route promised: then a plugin is wrong."""
        if not route.steps:
            return result
        facts = wish.target.facts(result) if wish.target.owns(result) else None
        promised = wish.facts.shape, route.dtype, route.device
        if facts is None:
            fault = f"it gave a {type(result).__name__}, no array of {wish.target.key}"
        elif (facts.shape, facts.dtype, facts.device) != promised:
            fault = (
                f"it gave {_described(facts.shape, facts.dtype, facts.device)} for {_described(*promised)}"
            )
        elif route.shares and facts.writable and not wish.facts.writable:
            fault = "the result can write into memory that is read-only in the source"
        else:
            return result
        raise wish.refusal(route.method, f"{fault}. Report this to the authors of the plugin")

    def _observe(self, source: str, target: str, method: str, nbytes: int, start: float) -> None:
        if self._host.is_observed():
            seconds = time.perf_counter() - start
            facts = {"source": source, "target": target, "method": method, "nbytes": nbytes}
            _warn(self._host.notify("openhcs_converted", **facts, seconds=seconds))


def _way(wish: Wish, route: Route) -> Callable[[Any], Any]:
    """Return the calls for every array of the class: nothing in them depends on this one."""
    if len(route.steps) < 2:
        return route.steps[0].run if route.steps else _itself
    out, into = wish.source.to_numpy, wish.target.from_numpy
    copy, device = wish.copy, wish.device
    return lambda array: into(out(array, copy=copy), device=device, copy=copy)


def _looks_standard(*arrays: Any) -> bool:
    # The names of the array API; without them each array is looked at through its memory type.
    return all(hasattr(array, "dtype") and hasattr(array, "shape") for array in arrays)


def _described(shape: tuple[int, ...], dtype: str, device: str) -> str:
    return f"{dtype} {shape} on {device}"


def _itself(array: Any) -> Any:
    return array


def _dtype_name(dtype: Any) -> str | None:
    if dtype is None or (isinstance(dtype, str) and itemsize_of(dtype) is not None):
        return dtype
    from openhcs_host.arrays.casting import dtype_named

    try:
        return dtype_named(dtype).name
    except TypeError as error:
        raise ArrayError(f"dtype={dtype!r} is none; name it as NumPy does, 'float32' for example") from error


def _warn(trouble: Sequence[str]) -> None:
    for sentence in trouble:
        warnings.warn(sentence, RuntimeWarning, stacklevel=4)
