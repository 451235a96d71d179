"""Library, driver and device are told apart without importing the library."""

from __future__ import annotations

import _ctypes
import os
import subprocess
import sys
import textwrap

import pytest

from openhcs_mem_pyclesperanto import drivers, library

PRELUDE = """
import sys
from importlib.machinery import PathFinder
from openhcs_host import Host
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError

def hide(*hidden):
    # Finds what the path holds, but for some libraries: as in an environment without them.
    class Hiding:
        find_distributions = PathFinder.find_distributions

        @staticmethod
        def find_spec(name, path=None, target=None):
            found = name.partition(".")[0] in hidden
            return None if found else PathFinder.find_spec(name, path, target)

    sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding

def error_of(operation):
    try:
        operation()
    except DeviceUnavailableError as error:
        return error
    raise SystemExit("no error")
"""
LIBRARIES = ("pyclesperanto", "pyclesperanto_prototype")


def run(program, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{PRELUDE}\n{textwrap.dedent(program)}"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr


def needs(name):
    if library.availability(name).state == "library missing":
        pytest.skip(library.availability(name).detail)


def test_a_library_without_its_compiled_part_is_missing_something():
    needs("pyclesperanto")
    run("""
        hide("pyclesperanto_opencl", "pyclesperanto_cuda", "pyclesperanto_metal")
        with Host() as host:
            found = host.memory("pyclesperanto").availability()
            assert found.state == "library missing" and "compiled part" in found.detail
    """)


@pytest.mark.parametrize("key", LIBRARIES)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="drivers are looked for on Linux only")
def test_no_driver_and_no_device_are_two_states(key, tmp_path):
    needs(key)
    program = f"""
        hide("pyopencl")
        with Host() as host:
            memory = host.memory({key!r})
            found, error = memory.availability(), error_of(memory.devices)
            assert found.state == error.state == {{state!r}}, found
            assert "[pocl]" in found.mend and str(error) == str(found)
            assert not isinstance(error, ImportError)
    """
    run(program.format(state="driver missing"), OCL_ICD_VENDORS=str(tmp_path), OCL_ICD_FILENAMES="")
    broken = tmp_path / "libbroken.so"
    broken.write_bytes(b"no driver")
    vendors = tmp_path / "vendors"
    vendors.mkdir()
    (vendors / "broken.icd").write_text(f"{broken}\n")
    run(program.format(state="no device"), OCL_ICD_VENDORS=str(vendors), OCL_ICD_FILENAMES="")


def test_the_packaged_driver_shows_its_device_and_is_named_when_it_is_the_only_one(tmp_path):
    needs("pyclesperanto")
    if not drivers.packaged():
        pytest.skip("pocl-binary-distribution is not installed")
    assert drivers.count_devices(drivers.packaged()[0]) >= 1
    run(
        """
        import os
        from openhcs_mem_pyclesperanto import drivers
        del os.environ["OCL_ICD_FILENAMES"]
        with Host() as host:
            memory = host.memory("pyclesperanto")
            assert memory.availability().state == "ready" and "OCL_ICD_FILENAMES" not in os.environ
            assert memory.devices() == ("opencl:0",)
            assert os.environ["OCL_ICD_FILENAMES"] == drivers.packaged()[0]
        """,
        OCL_ICD_VENDORS=str(tmp_path),
        OCL_ICD_FILENAMES="",
    )


def test_a_library_of_another_kind_is_no_driver(tmp_path):
    assert drivers.count_devices(_ctypes.__file__) == 0
    assert drivers.count_devices(str(tmp_path / "absent.so")) == 0
