"""Array libraries are found without being imported, and what is missing is told apart from what is broken."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import attrs
import pytest

from openhcs_host.arrays.libraries import Library, require
from openhcs_host.contracts.memory import Availability
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError

GRID = Library("grid_library", "Grid", "Array", "pip install grid", parts=("grid_kernels",))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("grid_library", "grid_kernels"):
        sys.modules.pop(name, None)


def test_a_library_that_is_not_installed_is_missing_and_so_is_one_without_a_part(folder):
    assert GRID.missing() == Availability("library missing", "Grid is not installed", "pip install grid")
    (folder / "grid_library.py").write_text("raise AssertionError('imported')")
    assert GRID.missing().detail == "grid_kernels is not installed"
    (folder / "grid_kernels.py").write_text("raise AssertionError('imported')")
    assert GRID.missing() is None and GRID.imported() is None


def test_a_folder_of_that_name_is_no_library(folder):
    (folder / "grid_library").mkdir()
    found = GRID.missing()
    assert found.state == "library missing" and str(folder / "grid_library") in found.detail


def test_it_is_imported_when_it_is_ready_and_known_when_anybody_has_imported_it(folder):
    (folder / "grid_library.py").write_text("class Array: pass")
    module = GRID.load(Availability("ready", ""))
    assert module.Array and GRID.imported() is module
    del module.Array  # as while the import is under way
    assert GRID.imported() is None


@pytest.mark.parametrize("fault", ["ImportError", "OSError", "RuntimeError"])
def test_one_that_cannot_be_imported_says_why(folder, fault):
    (folder / "grid_library.py").write_text(f"raise {fault}('libgrid.so: cannot open shared object file')")
    with pytest.raises(
        LibraryMissingError, match=r"libgrid\.so.*pip install grid --force-reinstall"
    ) as caught:
        GRID.load(Availability("ready", ""))
    assert isinstance(caught.value, ImportError) and type(caught.value.__cause__).__name__ == fault


def test_what_is_not_ready_is_not_imported(folder):
    (folder / "grid_library.py").write_text("raise AssertionError('imported')")
    for state, error in (
        ("library missing", LibraryMissingError),
        ("driver too old", DeviceUnavailableError),
    ):
        with pytest.raises(error, match=r"it is out of date\. To mend it: buy a new one") as caught:
            GRID.load(Availability(state, "it is out of date", "buy a new one"))
        assert caught.value.state == state
        assert isinstance(caught.value, ImportError) == (state == "library missing")
    require(Availability("ready", "all is well"))


def test_looking_for_a_library_imports_no_array_library():
    program = """
        import sys
        from openhcs_host.arrays import cuda
        from openhcs_host.arrays.libraries import Library
        Library("torch", "PyTorch", "Tensor", "").missing(), cuda.in_words()
        print([name for name in ("torch", "numpy") if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_what_a_person_is_told_names_the_remedy_if_there_is_one():
    found = Availability("no device", "there is none", "look at nvidia-smi")
    assert str(found) == "there is none. To mend it: look at nvidia-smi"
    assert str(attrs.evolve(found, mend="")) == "there is none"
