"""Functions by name: one library's, or an error that lists the candidates; a name stays one in the record."""

from __future__ import annotations

import json
import pickle

import pytest
import tifffile

from openhcs_host import Host
from openhcs_host.errors import PipelineError, PluginConflictError
from openhcs_host.seam.policy import Policy
from openhcs_pipeline import FunctionStep, compile_plan, run_plan
from openhcs_pipeline.named import FunctionName, find_function, offers

LIBRARY = """
import numpy as np
from openhcs_host import hookimpl
from openhcs_host.contracts.execution import FunctionEntry, FunctionLibrary, FunctionParameter

OPENHCS_API = 1

def add(stack, amount, times=1):
    return stack + np.uint16(amount * times)

def measure(stack):
    return stack, [{{"plane": z, "brightest": int(plane.max())}} for z, plane in enumerate(stack)]

{extra} = add

class Library(FunctionLibrary):
    key = {key!r}
    def catalogue(self):
        amount = FunctionParameter("amount", "int")
        times = FunctionParameter("times", "int", "1")
        return (
            FunctionEntry("add", "numpy", "Add an amount.", "numpy.add", parameters=(amount, times)),
            FunctionEntry({extra!r}, "numpy", "Only here.", parameters=(amount, times)),
            FunctionEntry({key!r} + "_measure", "numpy", "Measure.", outputs=("image", "table")),
            FunctionEntry("gone", "numpy", "Not there any more."),
        )
    def function(self, name):
        if name == "gone":
            raise LookupError("it was taken out")
        return measure if name.endswith("_measure") else globals()[name]
    def versions(self):
        return {{"pixels": "2.5"}}

@hookimpl
def openhcs_create_functions(key):
    return Library()
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution that offers a function library, and return nothing."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def put(distribution, key, source=None):
        module = distribution.replace("-", "_")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[openhcs.functions]\n{key} = {module}\n")
        source = LIBRARY.format(key=key, extra=f"add_{key}") if source is None else source
        (site / f"{module}.py").write_text(source)

    return put


@pytest.fixture
def libraries(install):
    """Two libraries, ``pixa`` and ``pixb``: both have ``add``, and one of their own each."""
    install("named-alpha", "pixa")
    install("named-beta", "pixb")


@pytest.fixture
def find(libraries):
    """Look a name up, with the policy given."""

    def look(text, keywords=None, **policy):
        with Host(policy=Policy.of(**policy)) as host:
            return find_function(host, FunctionName.parse(text), keywords or {})

    return look


def test_a_full_name_is_that_library_s_function(find):
    for key in ("pixa", "pixb"):
        found = find(f"{key}:add", {"amount": 2})
        assert found.library == key and found.__name__ == f"{key}:add"


def test_a_bare_name_is_the_function_of_the_one_library_that_has_it(find):
    assert find("add_pixb", {"amount": 2}).library == "pixb"


def test_a_bare_name_that_several_have_is_an_error_that_lists_them(find):
    with pytest.raises(PipelineError, match="several libraries; write 'pixa:add' or 'pixb:add'"):
        find("add", {"amount": 1})


def test_policy_decides_between_libraries(find):
    assert find("add", {"amount": 1}, block=["functions:pixb"]).library == "pixa"
    assert find("add", {"amount": 1}, block=["named-alpha"]).library == "pixb"


def test_an_unknown_name_is_an_error_with_the_nearest(find):
    with pytest.raises(PipelineError, match=r"offers 'ad_pixa'. Did you mean 'pixa:add_pixa'"):
        find("ad_pixa")
    with pytest.raises(PipelineError, match="'pixa' has no function 'ad'; did you mean 'pixa:add'"):
        find("pixa:ad")


def test_a_library_that_two_distributions_offer_is_pinned_or_an_error(install, find):
    install("named-gamma", "pixa")
    for name in ("add_pixb", "add"):  # whatever the bare name: the site has not said what it may mean
        with pytest.raises(PipelineError, match=r"cannot be looked up.*\n.*\n.*pin|\[plugins.pin\]"):
            find(name, {"amount": 1})
    with pytest.raises(PluginConflictError):
        find("pixa:add", {"amount": 1})
    for distribution in ("named-alpha", "named-gamma"):
        found = find("add_pixa", {"amount": 1}, pin={"functions:pixa": distribution})
        assert found.versions == {distribution: "1.0", "pixels": "2.5"}


BROKEN = "import nothing_of_this_name"
NO_CATALOGUE = LIBRARY.replace("def catalogue(self):", "def catalogue(self):\n        1 / 0")


@pytest.mark.parametrize("source", [BROKEN, NO_CATALOGUE.format(key="broken", extra="add_broken")])
def test_a_broken_library_is_told_of_and_hides_no_other(install, libraries, plate, tmp_path, source):
    install("named-broken", "broken", source)
    with Host() as host:
        (trouble,) = offers(host).troubles
        plan = compile_plan(host, [FunctionStep("add_pixa", amount=1)], plate, tmp_path / "out")
        with pytest.raises(PipelineError, match="broken"):
            find_function(host, FunctionName("add_broken"), {})
    assert "broken" in trouble and trouble in plan.notes


def test_unknown_and_lacking_keywords_are_refused_with_those_that_there_are(find):
    with pytest.raises(PipelineError, match=r"'amuont'; it has amount, times. Did you mean 'amount'\?"):
        find("pixa:add", {"amuont": 1})
    with pytest.raises(PipelineError, match="pixa:add needs amount"):
        find("pixa:add")


def test_a_function_that_its_catalogue_promised_and_is_not_there_is_an_error(find):
    with pytest.raises(
        PipelineError, match=r"pixa:gone is in the catalogue .* taken out.* Reinstall named-alpha"
    ):
        find("pixa:gone")


def test_compiling_says_at_once_what_is_wrong_with_all_names(host, libraries, plate, tmp_path):
    steps = [
        FunctionStep("add", amount=1, name="one"),
        FunctionStep(["pixa:nothing", "pixb:add"], name="two"),
        FunctionStep("pixa_measure", name="a/b"),
    ]
    with pytest.raises(PipelineError) as caught:
        compile_plan(host, steps, plate, tmp_path / "out")
    for words in (
        "'one': 'add' is offered",
        "'two': function library",
        "'two': pixb:add needs",
        "cannot hold '/'",
    ):
        assert words in str(caught.value)


def test_a_pipeline_by_name_runs_and_the_record_keeps_the_names(host, libraries, plate, tmp_path):
    steps = [FunctionStep({1: "add_pixa", 2: ("add_pixa", {"amount": 3})}, name="both")]
    with pytest.raises(PipelineError, match="needs amount"):
        compile_plan(host, steps, plate, tmp_path / "out")
    steps = [
        FunctionStep("add_pixa", amount=2, times=5),
        FunctionStep({1: "pixb_measure"}, name="brightness"),
    ]
    result = run_plan(compile_plan(host, steps, plate, tmp_path / "out"), host)
    assert not result.failures
    name = "A01_s001_w1_z001_t001.tif"
    made, raw = (tifffile.imread(folder / name) for folder in (tmp_path / "out" / "images", plate.root))
    assert (made == raw + 10).all() and made.dtype == raw.dtype
    record = json.loads((tmp_path / "out" / "run.json").read_text())["steps"]
    (call,) = record[0]["functions"]["all"]
    assert call["name"] == "pixa:add_pixa" and call["keywords"] == {"amount": "2", "times": "5"}
    assert call["versions"] == {"named-alpha": "1.0", "pixels": "2.5"}
    assert record[0]["name"] == "add_pixa" and record[1]["functions"]["1"][0]["name"] == "pixb:pixb_measure"
    table = (tmp_path / "out" / "images_results" / "brightness.csv").read_text().splitlines()
    assert table[0] == "well,site,channel,timepoint,plane,brightest" and len(table) == 1 + 3 * 2 * 3
    assert table[1] == "A01,1,1,1,0,11111"


def test_steps_and_found_functions_can_be_pickled(find):
    step = FunctionStep("pixa:add", amount=2)
    assert pickle.loads(pickle.dumps(step)) == step


def test_a_name_found_twice_is_the_same_function(find):
    first, second = find("pixa:add", {"amount": 1}), find("pixa:add", {"amount": 1})
    assert (first.entry, first.versions) == (second.entry, second.versions)
