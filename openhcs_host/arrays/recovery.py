"""Calls that run out of memory, made again with less: caches freed, in parts along Z, on the CPU."""

from __future__ import annotations

import gc
import traceback
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

from openhcs_host.arrays.calling import call_once, device_of, image_owner, shape_of
from openhcs_host.arrays.cleanup import release
from openhcs_host.arrays.declaration import Declared
from openhcs_host.contracts.memory import MemoryType
from openhcs_host.errors import ArrayError, OutOfMemoryError
from openhcs_host.seam.default_host import default_host
from openhcs_host.seam.host import Host

__all__ = ["RecoveryWarning", "call_with_recovery"]

_FAILED: Final = object()


class RecoveryWarning(RuntimeWarning):
    """A device ran out of memory, and the call was brought to its end in another way."""


def call_with_recovery(declared: Declared, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a decorated function; if a device runs out of memory, call it again with less.

    Issues a ``RecoveryWarning`` that says what was done. Raises ``OutOfMemoryError`` when nothing helped; every
    other exception of the function passes as it is.
    """
    host = default_host()
    try:
        return call_once(host, declared, args, kwargs)
    except Exception as error:
        memory = _recognised_by(host, declared, error)
        if memory is None:
            raise
        _let_go(error)
        cause = error
    return _Recovery(host, declared, args, kwargs, memory, cause).run()


class _Recovery:
    """One call that ran out of memory."""

    def __init__(
        self,
        host: Host,
        declared: Declared,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        memory: MemoryType,
        error: Exception,
    ) -> None:
        self.host, self.declared, self.args, self.kwargs = host, declared, args, kwargs
        self.memory, self.error = memory, error
        self.stack = declared.stack_of(args, kwargs)
        owner = image_owner(host, self.stack)
        assert owner is not None  # the first call has checked it
        self.shape = shape_of(owner, self.stack)
        self.device = device_of(host, memory, owner, self.stack)
        self.tried: list[str] = []

    def run(self) -> Any:
        first = self.error
        for stage in (self._again, self._in_parts, self._on_the_cpu):
            result = stage()
            if result is not _FAILED:
                warnings.warn(
                    f"{self.declared.name} ran out of memory on {self.device} ({_first_line(first)}); "
                    f"it succeeded after {', then '.join(self.tried)}",
                    RecoveryWarning,
                    stacklevel=4,
                )
                return result
        raise self._defeat() from self.error

    def _again(self) -> Any:
        self.tried.append("its caches were freed")
        gc.collect()  # arrays in reference cycles are still held
        self._free()
        return self._attempt(self.args, self.kwargs)

    def _in_parts(self) -> Any:
        planes = self.shape[0]
        if not self.declared.contract.slice_by_slice or planes == 1:
            return _FAILED
        size, start, done = (planes + 1) // 2, 0, []
        while start < planes:
            result = self._part(start, min(start + size, planes))
            if result is not _FAILED:
                if isinstance(result, tuple):
                    self.tried.append("a part returned further outputs, which cannot be joined")
                    return _FAILED
                done.append(result)
                start += size
            elif size == 1:
                self.tried.append("parts of one plane were too large")
                return _FAILED
            else:
                size = (size + 1) // 2
        self.tried.append(f"it was called {len(done)} times on parts of the stack")
        return self._joined(done)

    def _part(self, start: int, stop: int) -> Any:
        self._free()  # blocks of the parts before are of no use to one of another size
        args = [self._cut(value, start, stop) for value in self.args]
        kwargs = {name: self._cut(value, start, stop) for name, value in self.kwargs.items()}
        result = self._attempt(args, kwargs)
        if result is _FAILED or isinstance(result, tuple):
            return result
        made = shape_of(self._output(), result)[0]
        if made != stop - start:
            raise ArrayError(
                f"{self.declared.name} is declared slice_by_slice and made {made} planes of {stop - start}; "
                "a function that does not keep the planes apart must not be declared so"
            )
        return result

    def _cut(self, value: Any, start: int, stop: int) -> Any:
        owner = image_owner(self.host, value)
        if owner is None or shape_of(owner, value) != self.shape:
            return value
        return value[start:stop]

    def _joined(self, parts: list[Any]) -> Any:
        output = self._output()
        try:
            return output.stack([plane for part in parts for plane in output.unstack(part)])
        except Exception as error:
            if not self._is_exhaustion(error):
                raise
            return _FAILED

    def _on_the_cpu(self) -> Any:
        contract = self.declared.contract
        here = self.memory.key == contract.input_type and self.device != "cpu"
        if not here or "cpu" not in self.memory.devices():
            return _FAILED
        self._free()
        self.tried.append("it was called on the CPU, where its result stays")
        return self._attempt(self.args, self.kwargs, "cpu")

    def _attempt(self, args: Sequence[Any], kwargs: Mapping[str, Any], device: str | None = None) -> Any:
        try:
            return call_once(self.host, self.declared, args, kwargs, device)
        except Exception as error:
            if not self._is_exhaustion(error):
                raise
            return _FAILED

    def _is_exhaustion(self, error: Exception) -> bool:
        if _recognised_by(self.host, self.declared, error) is None:
            return False
        _let_go(error)
        self.error = error
        return True

    def _free(self) -> None:
        contract = self.declared.contract
        for key in dict.fromkeys((contract.input_type, contract.output_type)):
            memory = self.host.memory(key)
            release(self.host, memory, self.device if memory is self.memory else memory.devices()[0])

    def _output(self) -> MemoryType:
        return self.host.memory(self.declared.contract.output_type)

    def _defeat(self) -> OutOfMemoryError:
        self._free()
        values = [*self.args, *self.kwargs.values()]
        images = [(owner, value) for value in values if (owner := image_owner(self.host, value)) is not None]
        needed = sum(owner.facts(value).nbytes for owner, value in images)
        room = self.memory.memory_info(self.device)
        free = "how much is free is not known" if room is None else f"{room[0]} of {room[1]} bytes are free"
        return OutOfMemoryError(
            f"{self.declared.name} ran out of memory on {self.device}: its images alone are {needed} bytes, and "
            f"{free}. Tried: {'; '.join(self.tried)}. {_first_line(self.error)}. Give it fewer planes at a time, "
            "free other arrays, or declare slice_by_slice=True if no plane of its result needs another plane",
            needed,
            None if room is None else room[0],
        )


def _recognised_by(host: Host, declared: Declared, error: Exception) -> MemoryType | None:
    contract = declared.contract
    for key in dict.fromkeys((contract.input_type, contract.output_type)):
        memory = host.memory(key)
        if memory.is_out_of_memory(error):
            return memory
    return None


def _let_go(error: BaseException | None) -> None:
    """Empty the frames that an exception keeps alive: their arrays are what fills the device."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
