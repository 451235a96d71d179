"""The memory type ``torch`` keeps the contract of arrays, as the host's kit checks it."""

from __future__ import annotations

from typing import ClassVar

import torch

from openhcs_host.arrays.casting import dtype_named
from openhcs_host.testing import MemoryKit


def out_of_memory():
    try:
        torch.empty(1 << 60, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    raise AssertionError("PyTorch gave more memory than there is")


class TestTorch(MemoryKit):
    key = "torch"
    out_of_memory: ClassVar = (MemoryError, out_of_memory)

    def read(self, array):
        if array.dtype is torch.bfloat16:
            return array.view(torch.int16).cpu().numpy().copy().view(dtype_named("bfloat16"))
        return array.cpu().numpy().copy()
