"""The memory type ``jax`` keeps the contract of arrays, as the host's kit checks it."""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import pytest

from openhcs_host.testing import MemoryKit


def out_of_memory():
    try:
        jnp.zeros((1 << 46,), jnp.uint8).block_until_ready()
    except jax.errors.JaxRuntimeError as error:
        return error
    raise AssertionError("JAX gave more memory than there is")


class TestJax(MemoryKit):
    key = "jax"
    out_of_memory: ClassVar = (MemoryError, out_of_memory)


class TestJaxWith64Bits(MemoryKit):
    key = "jax"

    @pytest.fixture(autouse=True)
    def _64_bits(self):
        with jax.enable_x64(True):
            yield
