"""What of JAX is known before it is imported."""

from __future__ import annotations

import os
import subprocess
import sys


def test_whether_64_bits_are_kept_is_known_before_jax_is_imported():
    program = """
import os, sys
from openhcs_host import Host
for setting in ("1", "0"):
    os.environ["JAX_ENABLE_X64"] = setting
    with Host() as host:
        assert host.memory("jax").holds("int64") == ("int64" if setting == "1" else None)
assert "jax" not in sys.modules
"""
    environment = {name: value for name, value in os.environ.items() if name != "JAX_ENABLE_X64"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
