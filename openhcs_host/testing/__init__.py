"""Conformance kits: the contracts as tests, with which anybody certifies a plugin.

An author subclasses the kit of the kind, says which plugin it is, and pytest does the rest;
``docs/contracts/kits.md`` shows it for each kind. This package needs pytest, which the host does not:
nothing else of the host imports it.
"""

try:
    import pytest
except ImportError as error:
    raise ImportError("openhcs_host.testing needs pytest; install it: pip install 'pytest>=8.4'") from error

# Before they are imported: a failing assertion of a kit then shows its values, as in any test module.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{module}"
        for module in (
            "arrays",
            "backends",
            "converters",
            "equality",
            "formats",
            "functions",
            "kit",
            "memory",
            "memory_base",
            "memory_sharing",
            "memory_stacks",
            "memory_values",
            "microscopes",
            "plate_folders",
            "storage_batches",
            "storage_changing",
            "storage_finding",
            "storage_links",
            "storage_saving",
            "storage_sharing",
            "virtual",
        )
    )
)

from openhcs_host.testing.backends import SinkKit, StreamingKit  # noqa: E402
from openhcs_host.testing.converters import ConverterKit  # noqa: E402
from openhcs_host.testing.formats import FormatKit  # noqa: E402
from openhcs_host.testing.functions import FunctionsKit  # noqa: E402
from openhcs_host.testing.memory import MemoryKit  # noqa: E402
from openhcs_host.testing.microscopes import ExpectedPlate, MicroscopeKit  # noqa: E402
from openhcs_host.testing.storage import StorageKit  # noqa: E402
from openhcs_host.testing.virtual import ExpectedView, VirtualKit  # noqa: E402

__all__ = [
    "ConverterKit",
    "ExpectedPlate",
    "ExpectedView",
    "FormatKit",
    "FunctionsKit",
    "MemoryKit",
    "MicroscopeKit",
    "SinkKit",
    "StorageKit",
    "StreamingKit",
    "VirtualKit",
]
