"""``OPENHCS_SUBPROCESS_NO_GPU=1``: no accelerator library is activated, and none can be imported."""

from __future__ import annotations

NO_GPU = {"OPENHCS_SUBPROCESS_NO_GPU": "1"}


def install(site):
    for library in ("mxnet", "quantumgpu"):
        (site.folder / f"{library}.py").write_text("print('IMPORTED')")
    site.install("mem-mxnet", {"openhcs.memory": {"mxnet": "mem_mxnet"}}, {"mem_mxnet": "import mxnet"})
    site.install(
        "mem-quantum",
        {
            "openhcs.memory": {"quantum": "mem_quantum"},
            "openhcs.accelerator": {"quantumgpu": "memory:quantum"},
        },
        {"mem_quantum": "import quantumgpu"},
    )
    site.backend("sneaky", "import quantumgpu", distribution="sneaky")
    site.backend("later", LAZY, distribution="later")


LAZY = """
from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, DataSink
OPENHCS_API = 1
class Sink(DataSink):
    key = 'later'
    capabilities = Capability.WRITE
    def save(self, data, path, *, overwrite=False, image=None, **options):
        import mxnet
@hookimpl
def openhcs_create_backend(key): return Sink()
"""

TRY = """
from openhcs_host import Host
from openhcs_host.contracts.provided import InstanceSpec
host = Host()
for kind, key in (("memory", "mxnet"), ("memory", "quantum"), ("backend", "sneaky"), ("memory", "numpy")):
    try:
        host.create(InstanceSpec(kind, key))
        print(key, "ok")
    except ImportError as error:
        print(key, type(error).__name__, "NO_GPU" in str(error))
try:
    host.backend("later").save(1, "/a")
except ImportError as error:
    print("later", type(error).__name__)
"""


def test_without_the_variable_the_libraries_are_imported(site):
    install(site)
    assert site.python(TRY).stdout.count("IMPORTED") == 2


def test_with_it_plugins_are_refused_from_metadata_and_imports_fail_whoever_tries(site):
    install(site)
    done = site.python(TRY, **NO_GPU)
    assert done.stdout.splitlines() == [
        "mxnet PluginBlockedError True",
        "quantum PluginBlockedError True",
        "sneaky PluginLoadError True",
        "numpy ok",
        "later PluginBlockedError",
    ], done.stderr


def test_explain_says_why(site):
    install(site)
    done = site.openhcs("plugins", "explain", "memory", "mxnet", **NO_GPU)
    assert done.returncode == 1 and "OPENHCS_SUBPROCESS_NO_GPU=1" in done.stdout


def test_a_finder_that_was_put_in_does_not_disturb_other_imports(site):
    done = site.python(
        "from openhcs_host import Host\nHost().backend('memory')\nimport colorsys, wave\nprint('fine')",
        **NO_GPU,
    )
    assert done.stdout.strip() == "fine", done.stderr
