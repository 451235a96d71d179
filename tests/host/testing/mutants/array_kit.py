"""The kit of the mutants: how their arrays are read and overwritten without their plugin."""

from __future__ import annotations

import numpy as np

from openhcs_host.testing import MemoryKit


class ThisKit(MemoryKit, abstract=True):
    def read(self, array):
        return np.array(array.values)

    def overwrite(self, array):
        if array.constant:
            raise TypeError("this array is constant")
        array.values[...] = 0
