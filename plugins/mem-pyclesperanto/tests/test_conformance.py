"""Both memory types keep the contract of arrays, as the host's kit checks it."""

from __future__ import annotations

from types import MappingProxyType
from typing import ClassVar

import pytest

from openhcs_host.testing import MemoryKit

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:pyopencl"),
    pytest.mark.filterwarnings("ignore::UserWarning:pyclesperanto_prototype"),
]


class TestPyclesperanto(MemoryKit):
    key = "pyclesperanto"

    def read(self, array):
        return array.get()


class TestPrototype(MemoryKit):
    key = "pyclesperanto_prototype"
    views: ClassVar = MappingProxyType({"the first row": lambda array: array[0:1]})

    def read(self, array):
        return array.get()

    def overwrite(self, array):
        array.fill(0)
