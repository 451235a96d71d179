"""CuPy, the driver and its devices are looked for without importing CuPy, and told apart."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from openhcs_mem_cupy.driver import Driver, driver
from openhcs_mem_cupy.library import built_for, judged

NO_LIBRARY = "libcuda.so.1: cannot open shared object file"


def run(program, *paths):
    code = f"import sys; sys.path[:0] = {list(map(str, paths))!r}\n{textwrap.dedent(program)}"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("found", "needed", "state", "said"),
    [
        (Driver(failure=NO_LIBRARY), 12, "driver missing", NO_LIBRARY),
        (Driver(11080, 1), 12, "driver too old", "up to 11.8, and this CuPy is built for 12"),
        (Driver(12040, 2), 13, "driver too old", "pip install cupy-cuda12x"),
        (Driver(12040, 0), 12, "no device", "CUDA_VISIBLE_DEVICES"),
        (Driver(12040, 0, "cuInit: system not yet initialized (code 802)"), 12, "no device", "code 802"),
        (Driver(12040, 1), 12, "ready", "1 CUDA device"),
        (Driver(13000, 1), 12, "ready", "1 CUDA device"),
        (Driver(11080, 1), None, "ready", "1 CUDA device"),
    ],
)
def test_what_a_driver_means_for_a_build_of_cupy(found, needed, state, said):
    judgement = judged(found, needed)
    assert judgement.state == state
    assert said in judgement.detail


@pytest.mark.parametrize(
    ("folder", "cuda"),
    [
        ("cupy_cuda12x-14.2.0.dist-info", 12),
        ("cupy_cuda13x-14.2.0.dist-info", 13),
        ("cupy-14.2.0.dist-info", None),
    ],
)
def test_the_wheel_tells_the_cuda_that_it_is_built_for(tmp_path, folder, cuda):
    (tmp_path / folder).mkdir()
    assert built_for(str(tmp_path / "cupy" / "__init__.py")) == cuda


def test_the_driver_of_this_machine_is_asked_once():
    found = driver()
    assert found is driver()
    if found.version is None:
        assert "cuda" in found.failure and found.devices == 0
    else:
        assert found.version >= 1000


def test_nothing_is_imported_before_the_first_array():
    run("""
        from openhcs_host import Host
        with Host() as host:
            memory = host.memory("cupy")
            memory.availability()
            assert not memory.owns(object()) and memory.holds("uint16") == "uint16"
            assert not memory.is_out_of_memory(RuntimeError("other"))
            memory.free()
            assert not {"cupy", "cupy_backends", "numpy"} & sys.modules.keys()
    """)


def test_a_missing_library_is_a_state_and_an_import_error_that_names_the_command():
    run("""
        from importlib.machinery import PathFinder

        class Hiding:
            # Finds what the path holds, but for the library: as in an environment without it.
            find_distributions = PathFinder.find_distributions

            @staticmethod
            def find_spec(name, path=None, target=None):
                return None if name.partition(".")[0] == "cupy" else PathFinder.find_spec(name, path, target)

        sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
        import numpy
        from openhcs_host import Host
        from openhcs_host.errors import LibraryMissingError
        with Host() as host:
            memory = host.memory("cupy")
            found = memory.availability()
            assert found.state == "library missing" and "[cuda12]" in found.detail
            for operation in (lambda: memory.from_numpy(numpy.ones(2)), memory.devices):
                try:
                    operation()
                except LibraryMissingError as error:
                    assert isinstance(error, ImportError) and str(error) == found.detail
                else:
                    raise SystemExit("no error")
            assert not memory.owns(numpy.ones(2))
    """)


def test_a_folder_of_that_name_is_no_library(tmp_path):
    (tmp_path / "cupy").mkdir()
    run(
        f"""
        from importlib.machinery import PathFinder
        # An environment that holds the folder and not the library.
        sys.meta_path.insert(0, type("Folder", (), {{"find_spec": staticmethod(
            lambda name, path=None, target=None:
                PathFinder.find_spec(name, [{str(tmp_path)!r}]) if name == "cupy" else None)}}))
        from openhcs_host import Host
        with Host() as host:
            found = host.memory("cupy").availability()
            assert found.state == "library missing" and {str(tmp_path)!r} in found.detail
        """
    )
