"""No driver, an old one, and no device are told apart; a driver that is here is asked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from openhcs_host.arrays import cuda
from openhcs_host.arrays.cuda import Driver, judged
from openhcs_host.errors import DeviceUnavailableError

NO_LIBRARY = "libcuda.so.1: cannot open shared object file"


@pytest.mark.parametrize(
    ("found", "needed", "state", "said"),
    [
        (Driver(failure=NO_LIBRARY), 12, "driver missing", NO_LIBRARY),
        (Driver(11080, 1), 12, "driver too old", "up to 11.8, and this CuPy is built for 12"),
        (Driver(12040, 2), 13, "driver too old", "CuPy built for CUDA 12"),
        (Driver(12040, 0), 12, "no device", "CUDA_VISIBLE_DEVICES"),
        (Driver(12040, 0, "cuInit: system not yet initialized (code 802)"), 12, "no device", "code 802"),
        (Driver(12040, 1), 12, "ready", "1 CUDA device"),
        (Driver(13000, 1), 12, "ready", "1 CUDA device"),
        (Driver(11080, 1), None, "ready", "1 CUDA device"),
    ],
)
def test_what_a_driver_means_for_a_library_of_a_build(found, needed, state, said):
    judgement = judged(found, "CuPy", needed)
    assert judgement.state == state and said in str(judgement)
    assert bool(judgement.mend) == (state != "ready")


def test_the_driver_of_this_machine_is_asked_once():
    found = cuda.driver()
    assert found is cuda.driver()
    if found.version is None:
        assert "cuda" in found.failure and found.devices == 0
        assert cuda.in_words() == "there is no NVIDIA driver"
    else:
        assert found.version >= 1000 and f"up to {found.supports}" in cuda.in_words()


def test_waiting_for_a_device_that_is_not_there_says_so():
    with pytest.raises(DeviceUnavailableError, match="driver|cuDeviceGet|cuInit") as caught:  # noqa: RUF043
        cuda.wait_for(10_000)
    assert cuda.driver().version is not None or caught.value.state == "driver missing"


def test_devices_that_the_environment_hides_are_no_devices():
    if not cuda.driver().devices:
        pytest.skip("no CUDA device here")
    program = "from openhcs_host.arrays import cuda; print(cuda.judged(cuda.driver(), 'CuPy').state)"
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "no device", done.stderr
