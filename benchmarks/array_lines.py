"""Arrays: conversions that share memory, decorated calls, stacks, plans, ownership; on the CPU, with torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from table import Line, duration, timed
from timing import Result, compare

from openhcs_host import Host, convert, decorators, plan_conversion, stack_slices, unstack_slices

SLICES, SIZE = 45, 1024


def lines(folder: Path, host: Host) -> Iterator[Line]:
    """Measure what an array costs beside the library's own call."""
    import torch

    stack = np.random.default_rng(0).integers(0, 4000, (SLICES, SIZE, SIZE), dtype=np.uint16)
    small = stack[0, :64, :64].copy()
    yield more(
        "convert share",
        "numpy to torch, shared",
        "torch.from_numpy; the limit is twice that and 2 µs more.",
        compare(lambda: convert(small, "torch"), lambda: torch.from_numpy(small), inner=2_000),
    )
    tensor = torch.from_numpy(small)
    yield more(
        "convert back",
        "torch to numpy, shared",
        "tensor.numpy(); the limit is twice that and 2 µs more.",
        compare(lambda: convert(tensor, "numpy"), tensor.numpy, inner=2_000),
    )
    yield from calls(stack[:3, :64, :64].copy())
    yield from stacks(stack)
    yield from looking_up(host, small)


def calls(stack: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> Iterator[Line]:
    """Call a function that returns what it is given, bare and decorated."""

    def identity(image: object) -> object:
        return image

    import torch

    tensor = torch.from_numpy(stack)
    for name, decorate, image in (("numpy", decorators.numpy, stack), ("torch", decorators.torch, tensor)):
        decorated = decorate(identity)
        yield more(
            f"decorated {name}",
            f"decorated identity, {name}",
            "the bare function; the limit is 5 µs more.",
            compare(
                lambda decorated=decorated, image=image: decorated(image),
                lambda image=image: identity(image),
                inner=2_000,
            ),
        )


def stacks(stack: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> Iterator[Line]:
    """Stack planes into a tensor, and take a tensor apart."""
    import torch

    planes = [plane.copy() for plane in stack]
    found = stack_slices(planes, "torch")
    assert np.array_equal(found.numpy(), stack)
    yield timed(
        "stack",
        f"{SLICES} planes {SIZE}² to a torch stack",
        "torch.from_numpy(np.stack(…)); the limit is 1.1.",
        compare(lambda: stack_slices(planes, "torch"), lambda: torch.from_numpy(np.stack(planes)), rounds=9),
    )
    tensor = torch.from_numpy(stack)
    yield timed(
        "unstack",
        f"a torch stack to {SLICES} planes",
        "a list of views, [tensor[z] for z in range(45)]; the limit is 1.5.",
        compare(
            lambda: unstack_slices(tensor, "torch"), lambda: [tensor[z] for z in range(SLICES)], inner=200
        ),
    )


def looking_up(host: Host, array: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> Iterator[Line]:
    """Ask for the plan of a conversion that was planned before, and for the owner of an array."""
    known = {("numpy", "torch"): 1}
    base = "one look-up in a dict"
    yield timed(
        "plan",
        "cached plan of a conversion",
        f"{base}; ours must take 1 µs at most.",
        compare(lambda: plan_conversion("numpy", "torch"), lambda: known["numpy", "torch"], inner=5_000),
    )
    owners = {np.ndarray: "numpy"}
    yield timed(
        "owner",
        "memory type of an array",
        f"{base}; ours must take 1 µs at most.",
        compare(lambda: host.memory_type_of(array), lambda: owners[type(array)], inner=5_000),
    )


def more(key: str, label: str, floor: str, result: Result) -> Line:
    """Return the line of two times, the difference in its label: for small floors that is what counts."""
    return timed(key, f"{label} (+{duration(max(result.ours - result.floor, 0))})", floor, result)
