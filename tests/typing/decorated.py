"""Checked by mypy in strict mode and by pyright: decorated functions have the types that they had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

from openhcs_host.decorators import memory, memory_types, numpy, torch

Image = np.ndarray[Any, np.dtype[np.uint16]]


@numpy
def bare(stack: Image, sigma: float = 1.5, *, mode: str = "edge") -> Image:
    """Return the stack."""
    return stack


@torch(oom_recovery=True, dtype="preserve", on_loss="clip")
def with_options(stack: Image) -> tuple[Image, int]:
    """Return the stack and a number."""
    return stack, 3


@memory("mylib", slice_by_slice=True)
def of_a_third_party(stack: Image) -> Image:
    """Return the stack."""
    return stack


@memory_types(input_type="numpy", output_type="torch")
def mixed(stack: Image) -> object:
    """Return the stack."""
    return stack


class Steps:
    """A class with a decorated method."""

    @numpy
    def method(self, stack: Image, factor: int = 2) -> Image:
        """Return the stack."""
        return stack


def use(stack: Image) -> None:
    """Use them with their types."""
    assert_type(bare(stack, sigma=2.0, mode="wrap"), Image)
    assert_type(with_options(stack), tuple[Image, int])
    assert_type(of_a_third_party(stack), Image)
    assert_type(mixed(stack), object)
    assert_type(Steps().method(stack, factor=3), Image)
    found: Callable[[Image], tuple[Image, int]] = with_options
    assert_type(found(stack), tuple[Image, int])


def misuse(stack: Image) -> None:
    """Each line is wrong, and the checker must say so: an ignore that nothing needs is an error too."""
    bare(stack, sigma="wide")  # type: ignore[arg-type]
    bare(stack, sgima=2.0)  # type: ignore[call-arg]
    bare()  # type: ignore[call-arg]
    Steps().method(stack, "3")  # type: ignore[arg-type]
    numpy(oom_recover=True)  # type: ignore[call-overload]
    torch(on_loss="stretch")  # type: ignore[call-overload]
    memory_types(input_type="numpy")  # type: ignore[call-arg]
