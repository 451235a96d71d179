"""PyTorch is found without being imported, and its absence is told apart from its brokenness."""

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
        return None if name.partition(".")[0] == "torch" else PathFinder.find_spec(name, path, target)

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
            memory = host.memory("torch")
            assert memory.availability().state == "ready"
            assert not memory.owns(object()) and memory.holds("uint16") == "uint16"
            assert not memory.is_out_of_memory(RuntimeError("CUDA out of memory"))
            memory.free()
            assert not {"torch", "numpy", "ml_dtypes"} & sys.modules.keys()
            import numpy
            assert memory.to_numpy(memory.from_numpy(numpy.ones(2), device="cpu")).tolist() == [1, 1]
            assert "torch" in sys.modules
    """)


def test_a_missing_library_is_a_state_and_an_import_error_that_names_the_command():
    run("""
        hide()
        import numpy
        from openhcs_host import Host
        from openhcs_host.errors import LibraryMissingError
        with Host() as host:
            memory = host.memory("torch")
            found = memory.availability()
            assert found.state == "library missing" and "pip install torch" in found.detail
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
    (tmp_path / "torch").mkdir()
    run(
        f"""
        # An environment that holds the folder and not the library.
        sys.meta_path.insert(0, type("Folder", (), {{"find_spec": staticmethod(
            lambda name, path=None, target=None:
                PathFinder.find_spec(name, [{str(tmp_path)!r}]) if name == "torch" else None)}}))
        from openhcs_host import Host
        with Host() as host:
            found = host.memory("torch").availability()
            assert found.state == "library missing" and {str(tmp_path)!r} in found.detail
        """
    )


def test_a_library_that_cannot_be_imported_says_why(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('libtorch_cpu.so: cannot open shared object file')")
    run(
        """
        import numpy
        from openhcs_host import Host
        from openhcs_host.errors import LibraryMissingError
        with Host() as host:
            try:
                host.memory("torch").from_numpy(numpy.ones(2))
            except LibraryMissingError as error:
                assert "libtorch_cpu.so" in str(error) and "--force-reinstall" in str(error)
            else:
                raise SystemExit("no error")
        """,
        tmp_path,
    )
