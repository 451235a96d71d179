"""TensorFlow is found without being imported, and its absence is told apart from its brokenness."""

from __future__ import annotations

import subprocess
import sys
import textwrap

PRELUDE = """
import sys
from importlib.machinery import PathFinder

class Hiding:
    # Finds what the path holds, but for the library: as in an environment without it.
    find_distributions = PathFinder.find_distributions

    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] == "tensorflow" else PathFinder.find_spec(name, path, target)

def hide():
    sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding
"""


def run(program, *paths):
    code = f"import sys; sys.path[:0] = {list(map(str, paths))!r}\n{PRELUDE}\n{textwrap.dedent(program)}"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_nothing_is_imported_before_the_first_tensor():
    run("""
        from openhcs_host import Host
        with Host() as host:
            memory = host.memory("tensorflow")
            assert memory.availability().state in ("ready", "library missing")
            assert not memory.owns(object()) and memory.holds("uint16") == "uint16"
            assert not memory.is_out_of_memory(RuntimeError("CUDA out of memory"))
            memory.free()
            assert not {"tensorflow", "numpy"} & sys.modules.keys()
    """)


def test_symbols_are_kept_local_while_importing_and_only_then():
    run("""
        import os
        from openhcs_mem_tensorflow.library import symbols_kept_local
        real, before = sys.setdlopenflags, sys.getdlopenflags()
        try:
            with symbols_kept_local():
                sys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)
                assert sys.getdlopenflags() == os.RTLD_NOW
                raise ImportError
        except ImportError:
            assert sys.setdlopenflags is real and sys.getdlopenflags() == before
    """)


def test_a_missing_library_is_a_state_and_an_import_error_that_names_the_command():
    run("""
        hide()
        import numpy
        from openhcs_host import Host
        from openhcs_host.errors import LibraryMissingError
        with Host() as host:
            memory = host.memory("tensorflow")
            found = memory.availability()
            assert found.state == "library missing" and "pip install 'openhcs-mem-tensorflow[cpu]'" in found.detail
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
    (tmp_path / "tensorflow").mkdir()
    run(
        f"""
        # An environment that holds the folder and not the library.
        sys.meta_path.insert(0, type("Folder", (), {{"find_spec": staticmethod(
            lambda name, path=None, target=None:
                PathFinder.find_spec(name, [{str(tmp_path)!r}]) if name == "tensorflow" else None)}}))
        from openhcs_host import Host
        with Host() as host:
            found = host.memory("tensorflow").availability()
            assert found.state == "library missing" and {str(tmp_path)!r} in found.detail
        """
    )


def test_a_library_that_cannot_be_imported_says_why(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('libtensorflow_cc.so.2: not found')")
    run(
        """
        import numpy
        from openhcs_host import Host
        from openhcs_host.errors import LibraryMissingError
        with Host() as host:
            try:
                host.memory("tensorflow").from_numpy(numpy.ones(2))
            except LibraryMissingError as error:
                assert "libtensorflow_cc.so.2" in str(error) and "--force-reinstall" in str(error)
            else:
                raise SystemExit("no error")
        """,
        tmp_path,
    )
