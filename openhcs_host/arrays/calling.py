"""One call of a decorated function: images in, the function, its result checked."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Mapping, Sequence
from typing import Any, Final

from openhcs_host.arrays.conversion import conversions_of, convert
from openhcs_host.arrays.declaration import Declared
from openhcs_host.arrays.working_device import wanted_device
from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import ArrayError
from openhcs_host.seam.default_host import default_host
from openhcs_host.seam.host import Host

__all__ = ["call", "call_once", "device_of", "image_owner", "shape_of"]

_NOTHING: Final = contextlib.nullcontext()
_CPU_ONLY: Final[weakref.WeakKeyDictionary[MemoryType, bool]] = weakref.WeakKeyDictionary()


def call(declared: Declared, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a decorated function that does without recovery."""
    return call_once(default_host(), declared, args, kwargs)


def call_once(
    host: Host, declared: Declared, args: Sequence[Any], kwargs: Mapping[str, Any], device: str | None = None
) -> Any:
    """Convert the image arguments, run the function once, and return what it returned, checked.

    ``device`` overrules ``on_device``. Raises ``ArrayError`` for arguments and results that are no stacks
    of the declared types, and lets the function's own exceptions pass.
    """
    contract = declared.contract
    memory = output = host.memory(contract.input_type)
    if contract.output_type != contract.input_type:
        output = host.memory(contract.output_type)
    stack = declared.stack_of(args, kwargs)
    source = _demand_stack(host, declared, stack)
    dtype = None if contract.dtype == "native" else _dtype_wanted(declared, source, stack, output)
    device = device or wanted_device(memory)
    other = _NOTHING if output is memory else _stream(host, output, source, stack)
    # A function that may have to be called again must find what it was given as it was.
    own = contract.oom_recovery
    ready = stack if source is memory and device is None and not own else None
    with _stream(host, memory, source, stack, device), other:
        given = [value if value is ready else _given(host, value, memory, device, own) for value in args]
        named = {name: _given(host, value, memory, device, own) for name, value in kwargs.items()}
        result = declared.function(*given, **named)
        main = result[0] if isinstance(result, tuple) and result else result
        _check_main(declared, output, main)
        if dtype is None:
            return result
        return _with_main(result, _fitted(declared, output, main, dtype))


def image_owner(host: Host, value: object) -> MemoryType | None:
    """Return the memory type that ``value`` is an array of, ``None`` if it is no image argument."""
    key = host.memory_type_of(value)
    if key is None:
        return None
    memory = host.memory(key)
    return memory if memory.owns(value) else None


def shape_of(memory: MemoryType, array: Any) -> tuple[int, ...]:
    """Return the lengths of an array's axes."""
    shape = getattr(array, "shape", None)
    # The facts are worth more than the whole rest of a call; most libraries tell the shape as a tuple.
    return shape if isinstance(shape, tuple) else memory.facts(array).shape


def _demand_stack(host: Host, declared: Declared, stack: Any) -> MemoryType:
    source = image_owner(host, stack)
    if source is None:
        raise ArrayError(
            f"{declared.name} takes a stack [Z, Y, X] of an installed memory type as its first argument "
            f"and was given {_described(stack)}; {_advice(stack)}"
        )
    shape = shape_of(source, stack)
    if len(shape) != 3 or not shape[0]:
        raise ArrayError(
            f"{declared.name} takes a stack [Z, Y, X] with at least one plane and was given shape {tuple(shape)}; "
            f"{'make a single image a stack of one plane: image[None]' if len(shape) == 2 else 'give it one stack'}"
        )
    return source


def _given(host: Host, value: Any, memory: MemoryType, device: str | None, own: bool) -> Any:
    source = image_owner(host, value)
    if source is None or (source is memory and device is None and not own):
        return value
    copy = True if own and source.facts(value).writable else None
    return convert(value, memory.key, device, copy=copy, source=source.key, host=host)


def _check_main(declared: Declared, output: MemoryType, main: Any) -> None:
    if not output.owns(main):
        raise ArrayError(
            f"{declared.name} must return a {output.key} array [Z, Y, X] and returned {_described(main)}; "
            "return one, or declare output_type="
        )
    shape = shape_of(output, main)
    if len(shape) != 3 or not shape[0]:
        raise ArrayError(
            f"{declared.name} must return a {output.key} array [Z, Y, X] with at least one plane and returned "
            f"shape {tuple(shape)}; keep the axis of a projection (keepdims)"
        )


def _dtype_wanted(declared: Declared, source: MemoryType, stack: Any, output: MemoryType) -> str:
    from openhcs_host.arrays.dtype_policy import keeping

    name = declared.contract.dtype
    dtype = source.facts(stack).dtype if name == "preserve" else name
    keeping(output, dtype, None, declared.name)  # before the work, not after it
    return dtype


def _fitted(declared: Declared, output: MemoryType, main: Any, dtype: str) -> Any:
    from openhcs_host.arrays.dtype_policy import to_dtype

    return to_dtype(output, main, dtype, declared.contract.on_loss, declared.name)


def _with_main(result: Any, main: Any) -> Any:
    if not isinstance(result, tuple):
        return main
    rest = (main, *result[1:])
    return type(result)(*rest) if hasattr(result, "_fields") else rest  # a named tuple stays one


def device_of(
    host: Host, memory: MemoryType, source: MemoryType, stack: Any, device: str | None = None
) -> str:
    """Return the device on which a function on ``memory`` works when it is given ``stack``."""
    device = device or wanted_device(memory)
    return conversions_of(host).destination(source, memory, source.facts(stack), device)


def _stream(
    host: Host, memory: MemoryType, source: MemoryType, stack: Any, device: str | None = None
) -> contextlib.AbstractContextManager[Any]:
    if type(memory).stream is MemoryType.stream or _has_only_cpu(memory):
        return _NOTHING
    return memory.stream(device_of(host, memory, source, stack, device))


def _has_only_cpu(memory: MemoryType) -> bool:
    """Whether no device of the library has streams; asked once, for devices do not come and go."""
    known = _CPU_ONLY.get(memory)
    if known is None:
        known = _CPU_ONLY[memory] = all(device == "cpu" for device in memory.devices())
    return known


def _described(value: object) -> str:
    shape = getattr(value, "shape", None)
    of_shape = "" if shape is None else f" of shape {tuple(shape)}"
    return f"{type(value).__module__}.{type(value).__qualname__}{of_shape}"


def _advice(value: object) -> str:
    if isinstance(value, list | tuple):
        return "stack_slices makes a stack of planes"
    return "if it is an array, install the distribution of its memory type (openhcs plugins list)"
