"""Decorators that declare the memory types of a function: ``@torch``, ``@numpy``, ``@memory("mylib")``.

::

    from openhcs_host.decorators import torch

    @torch(oom_recovery=True)
    def brightest(stack):
        return stack.amax(0, keepdim=True)

The function is called with a stack [Z, Y, X] of any installed memory type as its first argument (``self`` and
``cls`` of methods passed over). Every argument that is an array, by position or by name, is
converted; lists of arrays and everything else are handed over as they are. The main output, the first of
a tuple, must be a stack of the declared type; further outputs are not touched. Nothing here imports an
array library; the names of this module are those of the keys, not of the libraries.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar, cast, overload

from openhcs_host.arrays.calling import call
from openhcs_host.arrays.declaration import MemoryContract, OnLoss, declared
from openhcs_host.arrays.recovery import call_with_recovery

__all__ = [
    "MemoryDecorator",
    "cupy",
    "jax",
    "memory",
    "memory_types",
    "numpy",
    "pyclesperanto",
    "tensorflow",
    "torch",
]

F = TypeVar("F", bound=Callable[..., Any])


class MemoryDecorator(Protocol):
    """A decorator that is used bare, ``@torch``, or with options, ``@torch(oom_recovery=True)``."""

    @overload
    def __call__(self, function: F, /) -> F: ...

    @overload
    def __call__(
        self,
        *,
        input_type: str | None = None,
        output_type: str | None = None,
        oom_recovery: bool = False,
        dtype: str = "native",
        on_loss: OnLoss = "refuse",
        slice_by_slice: bool = False,
    ) -> Callable[[F], F]: ...


def memory_types(
    *,
    input_type: str,
    output_type: str,
    oom_recovery: bool = False,
    dtype: str = "native",
    on_loss: OnLoss = "refuse",
    slice_by_slice: bool = False,
) -> Callable[[F], F]:
    """Declare that a function takes arrays of ``input_type`` and returns a stack of ``output_type``.

    ``dtype`` is what the main output is brought to: ``"native"`` leaves it, ``"preserve"`` goes back to that of the
    stack that was given, a name to that one. Values that it cannot keep are refused, or rounded and clipped with
    ``on_loss="clip"``. ``oom_recovery`` makes a call that ran out of memory again with less, on copies
    of what was given. ``slice_by_slice`` states that each plane of the result depends on the same plane of
    the stacks only, so that recovery may call the function on parts; else it is called once on all planes.
    Raises ``ArrayError`` for options that mean nothing and for what is no function.
    """
    contract = MemoryContract(
        input_type=input_type,
        output_type=output_type,
        oom_recovery=oom_recovery,
        dtype=dtype,
        on_loss=on_loss,
        slice_by_slice=slice_by_slice,
    )
    return functools.partial(_declare, contract)


def memory(
    key: str,
    *,
    input_type: str | None = None,
    output_type: str | None = None,
    oom_recovery: bool = False,
    dtype: str = "native",
    on_loss: OnLoss = "refuse",
    slice_by_slice: bool = False,
) -> Callable[[F], F]:
    """Declare that a function works on the memory type ``key``; options as for ``memory_types``."""
    return memory_types(
        input_type=input_type or key,
        output_type=output_type or key,
        oom_recovery=oom_recovery,
        dtype=dtype,
        on_loss=on_loss,
        slice_by_slice=slice_by_slice,
    )


def _declare(contract: MemoryContract, function: F) -> F:
    run, own = (call_with_recovery if contract.oom_recovery else call), declared(function, contract)

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return run(own, args, kwargs)

    called.openhcs_memory = contract  # type: ignore[attr-defined]
    return cast("F", called)


def _decorator(key: str) -> MemoryDecorator:
    def decorate(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        if function is None:
            return memory(key, **options)
        return memory(key, **options)(function)

    decorate.__name__ = decorate.__qualname__ = key
    decorate.__doc__ = (
        f"Declare that a function works on {key} arrays, bare or with options; see ``memory_types``."
    )
    return cast("MemoryDecorator", decorate)


cupy: Final = _decorator("cupy")
jax: Final = _decorator("jax")
numpy: Final = _decorator("numpy")
pyclesperanto: Final = _decorator("pyclesperanto")
tensorflow: Final = _decorator("tensorflow")
torch: Final = _decorator("torch")
