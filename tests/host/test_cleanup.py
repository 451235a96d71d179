"""Cleaning gives back what libraries in use hold, and wakes no other."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from openhcs_host import Host
from openhcs_host.arrays.cleanup import cleanup_all_gpu_frameworks, cleanup_gpu_memory_by_framework
from openhcs_host.errors import DeviceUnavailableError, PluginNotFoundError
from openhcs_host.seam.default_host import using_host

POINTS = {
    "openhcs.memory": {"card": "card_memory", "broken": "broken_memory"},
    "openhcs.array": {"card_memory": "card", "broken_memory": "broken"},
}
BROKEN = """
import card_memory
from openhcs_host import hookimpl

OPENHCS_API = 1

class Broken(card_memory.Card):
    key = "broken"
    def free(self, device=None):
        raise RuntimeError("the driver is gone")

@hookimpl
def openhcs_create_memory(key):
    return Broken()
"""


@pytest.fixture
def card(site, monkeypatch):
    source = Path(__file__).with_name("card_memory.py").read_text()
    site.install("openhcs-mem-card", POINTS, {"card_memory": source, "broken_memory": BROKEN})
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host, using_host(host):
        yield importlib.import_module("card_memory")
    del sys.modules["card_memory"]
    sys.modules.pop("broken_memory", None)


def leave_in_cache(card, nbytes, device):
    card.empty((nbytes,), np.uint8, device)
    assert card.cached[device] >= nbytes


def test_it_frees_every_accelerator_or_one_and_says_how_much(card):
    leave_in_cache(card, 1000, "card:0")
    leave_in_cache(card, 200, "card:1")
    assert cleanup_gpu_memory_by_framework("card", 1) == 200 and card.cached == {"card:0": 1000, "card:1": 0}
    leave_in_cache(card, 200, "card:1")
    freed = cleanup_all_gpu_frameworks(0)  # of other libraries, too, if this process uses any
    assert (freed["card"], freed["numpy"]) == (1000, 0)
    leave_in_cache(card, 30, "card:0")
    assert cleanup_gpu_memory_by_framework("card") == 230 and card.cached == {"card:0": 0, "card:1": 0}


def test_a_library_that_does_not_tell_what_is_free_is_cleaned_all_the_same(card, monkeypatch):
    monkeypatch.setattr(card.Card, "memory_info", lambda self, device=None: None)
    leave_in_cache(card, 1000, "card:0")
    assert cleanup_gpu_memory_by_framework("card") is None and card.cached["card:0"] == 0


def test_what_lives_is_not_touched(card):
    mine = card.placed(np.arange(10), "card:0")
    assert cleanup_gpu_memory_by_framework("card", 0) == 0
    assert card.used["card:0"] == mine.nbytes and mine.tolist() == list(range(10))


def test_a_key_or_a_number_that_there_is_not_is_an_error(card):
    with pytest.raises(PluginNotFoundError, match="crad"):
        cleanup_gpu_memory_by_framework("crad")
    with pytest.raises(DeviceUnavailableError, match="7"):
        cleanup_gpu_memory_by_framework("card", 7)
    assert cleanup_gpu_memory_by_framework("numpy", 7) == 0  # it has no accelerator that could hold memory


def test_one_that_fails_does_not_keep_the_others_from_being_cleaned(card):
    importlib.import_module("broken_memory")
    leave_in_cache(card, 1000, "card:0")
    with pytest.raises(ExceptionGroup, match="could not be cleaned") as caught:
        cleanup_all_gpu_frameworks(0)
    assert [str(error) for error in caught.value.exceptions] == ["the driver is gone"]
    assert card.cached["card:0"] == 0


def test_libraries_that_are_not_in_use_are_neither_imported_nor_activated(site):
    source = Path(__file__).with_name("card_memory.py").read_text()
    site.install("openhcs-mem-card", POINTS, {"card_memory": source, "broken_memory": BROKEN})
    done = site.python(
        """
        import sys
        from openhcs_host.arrays.cleanup import cleanup_all_gpu_frameworks, cleanup_gpu_memory_by_framework
        print(cleanup_all_gpu_frameworks(), cleanup_gpu_memory_by_framework("card", 0))
        libraries = {"numpy", "torch", "cupy", "jax", "tensorflow", "pyclesperanto", "pyopencl", "card_memory"}
        print(sorted(libraries & set(sys.modules)), [name for name in sys.modules if "openhcs_mem" in name])
        """
    )
    assert done.stdout.splitlines() == ["{} 0", "[] []"], done.stderr
