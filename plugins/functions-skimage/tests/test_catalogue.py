"""The catalogue is data: read without the libraries, and true of those that are installed."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from openhcs_functions_skimage.table import rows

GENERATOR = Path(__file__).resolve().parents[1] / "generate_catalogue.py"

LISTING = """
import sys
from openhcs_host import Host
with Host() as host:
    library = host.functions("skimage")
    entries = library.catalogue()
    library.versions()
assert len(entries) > 50
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_it_is_read_without_the_libraries():
    done = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, text=True, check=True)
    assert not {"skimage", "scipy", "numpy"} & set(done.stdout.split())


@pytest.mark.skipif(not GENERATOR.is_file(), reason="the generator lies in the checkout only")
def test_it_is_what_the_generator_makes_of_the_installed_libraries():
    spec = importlib.util.spec_from_file_location("generate_catalogue", GENERATOR)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert json.loads(generator.CATALOGUE.read_text(encoding="utf-8")) == generator.rows()
    assert generator.main(["--check"]) == 0


@pytest.mark.parametrize("name", rows())
def test_the_library_has_the_function_with_these_parameters_and_defaults(name):
    row = rows()[name]
    module, _, attribute = row.entry.path.rpartition(".")
    library = inspect.signature(getattr(importlib.import_module(module), attribute)).parameters
    own = {"volume"} | ({"min_distance"} if row.form == "distance" else set())
    assert row.entry.parameters or row.entry.scope == "slice"
    for parameter in row.entry.parameters:
        if parameter.name in own:
            continue
        theirs = library[parameter.name].default
        if parameter.name in row.given:
            assert parameter.default == repr(row.given[parameter.name])
        elif theirs is inspect.Parameter.empty:
            assert parameter.default is None
        else:
            assert parameter.default == repr(theirs)
    assert row.given.keys() - own <= library.keys()


def test_entries_say_what_is_called():
    assert rows()["gaussian"].entry.call == "skimage.filters.gaussian(plane, …, preserve_range=True)"
    assert rows()["threshold_otsu"].entry.call == "plane > skimage.filters.threshold_otsu(plane, …)"
    assert rows()["sobel"].entry.call == "skimage.filters.sobel(float(plane), …)"
    assert rows()["regionprops_table"].entry.outputs == ("labels", "table")


def test_versions_are_those_of_the_libraries(library):
    assert library.versions()["scikit-image"] == version("scikit-image")
    assert library.versions().keys() == {"scikit-image", "scipy", "numpy"}
