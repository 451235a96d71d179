"""TensorFlow is imported without harm to others."""

from __future__ import annotations

import os
import sys

import pytest

from openhcs_mem_tensorflow.library import symbols_kept_local


@pytest.mark.skipif(not hasattr(sys, "setdlopenflags"), reason="this system has no such flags")
def test_symbols_are_kept_local_while_importing_and_only_then():
    real, before = sys.setdlopenflags, sys.getdlopenflags()
    with pytest.raises(ImportError), symbols_kept_local():
        sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
        assert sys.getdlopenflags() == os.RTLD_NOW
        raise ImportError
    assert sys.setdlopenflags is real and sys.getdlopenflags() == before
