"""The memory type ``tensorflow`` keeps the contract of arrays, as the host's kit checks it."""

from __future__ import annotations

import numpy as np

from openhcs_host.testing import MemoryKit
from openhcs_mem_tensorflow import library


class TestTensorflow(MemoryKit):
    key = "tensorflow"

    def read(self, array):
        tf = library.load()
        if array.dtype == tf.bfloat16:
            return np.array(tf.bitcast(array, tf.uint16)).view(tf.bfloat16.as_numpy_dtype)
        return np.array(array.numpy())
