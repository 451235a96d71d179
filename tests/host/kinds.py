"""A correct plugin of every kind, as source, and every way to break it."""

from __future__ import annotations

SINK = """
from openhcs_host.contracts.storage import Capability, DataSink
class Thing(DataSink):
    key = KEY
    capabilities = Capability.WRITE
    def save(self, data, path, *, overwrite=False, image=None, **options): pass
"""
FORMAT = """
from openhcs_host.contracts.formats import Format
class Thing(Format):
    key = KEY
    def write(self, data, stream, *, image=None, **options): stream.write(data)
    def read(self, stream, **options): return stream.read()
"""
MEMORY = """
from openhcs_host.contracts.memory import ArrayFacts, MemoryType
class Thing(MemoryType):
    key = KEY
    module_prefixes = ("nothing",)
    def owns(self, array): return False
    def devices(self): return ("cpu",)
    def to_numpy(self, array, *, copy=None): return array
    def from_numpy(self, array, *, device=None, copy=None, given=False): return array
    def facts(self, array): return ArrayFacts((), "uint8", "cpu", 0)
    def holds(self, dtype, device=None): return dtype
    def shares_out(self, facts): return False
    def shares_in(self, facts, device=None): return False
    def stack(self, slices): return slices
    def unstack(self, stack): return list(stack)
    def cast(self, array, dtype): return array
"""
CONVERTER = """
from openhcs_host.contracts.memory import ConversionCost, Converter
class Thing(Converter):
    key = KEY
    cost = ConversionCost.ZERO_COPY
    def convert(self, array, *, device=None, copy=None): return array
"""
MICROSCOPE = """
from openhcs_host.contracts.microscopes import Evidence, MicroscopeHandler
class Thing(MicroscopeHandler):
    key = KEY
    def detect(self, listing): return Evidence(False, "never")
    def read(self, root, *, deep=False): raise NotImplementedError
"""
EXECUTOR = """
from openhcs_host.contracts.execution import Executor
class Thing(Executor):
    key = KEY
    def run(self, work, tasks): yield from ()
"""
FUNCTIONS = """
from openhcs_host.contracts.execution import FunctionLibrary
class Thing(FunctionLibrary):
    key = KEY
    def catalogue(self): return ()
    def function(self, name): raise LookupError(name)
"""
COMMAND = """
import click
def Thing():
    return click.Command(KEY)
"""

SOURCES = {
    "backend": SINK,
    "format": FORMAT,
    "memory": MEMORY,
    "converter": CONVERTER,
    "microscope": MICROSCOPE,
    "executor": EXECUTOR,
    "functions": FUNCTIONS,
    "command": COMMAND,
}
HEAD = "from openhcs_host import hookimpl\nOPENHCS_API = 1\nKEY = 'thing'\n"


def good(kind: str) -> str:
    """Return the source of a correct plugin for the key ``thing``."""
    return f"{HEAD}{SOURCES[kind]}\n@hookimpl\ndef openhcs_create_{kind}(key):\n    return Thing()\n"


def broken(kind: str) -> dict[str, tuple[str, str, str]]:
    """Return way of breaking to (source, name of the error, a word of its message)."""
    source, hook = good(kind), f"openhcs_create_{kind}"
    return {
        "an import error": ("raise ImportError('no luck')", "PluginLoadError", "no luck"),
        "a missing dependency": (
            "import no_such_module",
            "PluginLoadError",
            "needs 'no_such_module'",
        ),
        "a syntax error": ("def (", "PluginLoadError", "SyntaxError"),
        "an exit at import": ("raise SystemExit(3)", "PluginLoadError", "SystemExit"),
        "no API level": (source.replace("OPENHCS_API = 1", ""), "PluginIncompatibleError", "OPENHCS_API = 1"),
        "a later API level": (
            source.replace("API = 1", "API = 99"),
            "PluginIncompatibleError",
            "API level 99",
        ),
        "no creating hook": (source.replace("@hookimpl", ""), "PluginInvalidError", hook),
        "a misspelt hook": (source.replace(hook, hook[:-1]), "PluginInvalidError", hook[:-1]),
        "a wrong signature": (source.replace("(key):", "(key, colour):"), "PluginInvalidError", "colour"),
        "an exception from its creating hook": (
            source.replace("return Thing()", "raise RuntimeError('no shelf')"),
            "PluginInvalidError",
            "RuntimeError: no shelf",
        ),
        "a wrong object": (source.replace("return Thing()", "return {}"), "PluginInvalidError", "'dict'"),
        "nothing": (source.replace("return Thing()", "return None"), "PluginInvalidError", "NoneType"),
        "an object for another key": (
            source.replace("'thing'", "'other'"),
            "PluginInvalidError",
            "serves 'other'",
        ),
    }


WAYS = list(broken("backend"))
