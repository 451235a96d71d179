"""One API over the storage, the arrays and the microscopes of high-content screening.

Every part is a separately installed plugin, found through entry points and imported when it is
asked for. Start with ``Host`` and ``FileManager``, with ``convert`` for arrays, and with ``openhcs_host.plates``
for plates;
plugin authors start with ``hookimpl`` and ``openhcs_host.contracts``.
"""

from openhcs_host.arrays.conversion import convert, plan_conversion, stack_slices, unstack_slices
from openhcs_host.contracts.provided import InstanceSpec
from openhcs_host.files.backends import Backend
from openhcs_host.files.filemanager import FileManager
from openhcs_host.seam.hookspecs import hookimpl
from openhcs_host.seam.host import Host

__all__ = [
    "Backend",
    "FileManager",
    "Host",
    "InstanceSpec",
    "convert",
    "hookimpl",
    "plan_conversion",
    "stack_slices",
    "unstack_slices",
]

__version__ = "0.1.0"
