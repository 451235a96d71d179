"""Every error that the host and its plugins raise.

::

    OpenHCSError
    ├── PluginError
    │   ├── PluginNotFoundError          LookupError
    │   ├── PluginConflictError          LookupError
    │   ├── PluginBlockedError           LookupError, ImportError
    │   ├── PluginIncompatibleError      ImportError
    │   ├── PluginLoadError              ImportError
    │   ├── PluginInvalidError           TypeError
    │   └── ConfigurationError           ValueError
    ├── StorageError
    │   ├── PathNotFoundError            FileNotFoundError
    │   ├── PathExistsError              FileExistsError
    │   ├── PathIsDirectoryError         IsADirectoryError
    │   ├── PathNotDirectoryError        NotADirectoryError
    │   ├── DirectoryNotEmptyError       OSError
    │   ├── InvalidPathError             ValueError
    │   ├── BatchError                   ValueError
    │   ├── FormatError                  ValueError
    │   ├── UnsupportedDataError         TypeError
    │   └── UnsupportedOperationError    io.UnsupportedOperation
    ├── MetadataError                    ValueError
    │   └── MetadataLockedError          TimeoutError
    ├── PlateError                       ValueError
    │   ├── PlateNotRecognisedError      LookupError
    │   └── PlateConflictError
    ├── ArrayError                       ValueError
    │   ├── MemoryConversionError
    │   ├── OutOfMemoryError             MemoryError
    │   └── DeviceUnavailableError       RuntimeError
    │       └── LibraryMissingError      ImportError
    └── PipelineError                    ValueError

Each is also the builtin that a caller would expect, so ``except FileNotFoundError`` works
without knowing this module. Every message says what happened, where, and what to do.
"""

from __future__ import annotations

import errno
import io

__all__ = [
    "ArrayError",
    "BatchError",
    "ConfigurationError",
    "DeviceUnavailableError",
    "DirectoryNotEmptyError",
    "FormatError",
    "InvalidPathError",
    "LibraryMissingError",
    "MemoryConversionError",
    "MetadataError",
    "MetadataLockedError",
    "OpenHCSError",
    "OutOfMemoryError",
    "PathExistsError",
    "PathIsDirectoryError",
    "PathNotDirectoryError",
    "PathNotFoundError",
    "PipelineError",
    "PlateConflictError",
    "PlateError",
    "PlateNotRecognisedError",
    "PluginBlockedError",
    "PluginConflictError",
    "PluginError",
    "PluginIncompatibleError",
    "PluginInvalidError",
    "PluginLoadError",
    "PluginNotFoundError",
    "StorageError",
    "UnsupportedDataError",
    "UnsupportedOperationError",
]


class OpenHCSError(Exception):
    """The root of every error raised on purpose by the host or one of its plugins."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        # OSError and KeyError dress their text up; ours is already a sentence.
        return self.message


class PluginError(OpenHCSError):
    """Something is wrong between the host and an installed, or missing, plugin."""


class PluginNotFoundError(PluginError, LookupError):
    """No installed distribution offers the key that was asked for."""


class PluginConflictError(PluginError, LookupError):
    """More than one installed distribution offers the key, and nothing says which to take."""


class PluginBlockedError(PluginError, LookupError, ImportError):
    """The site's policy, or a process without accelerators, does not let the plugin be used."""


class PluginIncompatibleError(PluginError, ImportError):
    """The distribution demands another version of this host, or is written for another API level."""


class PluginLoadError(PluginError, ImportError):
    """The plugin's module could not be imported."""


class PluginInvalidError(PluginError, TypeError):
    """The plugin was imported and breaks the contract of its kind."""


class ConfigurationError(PluginError, ValueError):
    """A configuration value is unknown or of the wrong type."""


class StorageError(OpenHCSError):
    """A storage operation was refused or failed."""


class PathNotFoundError(StorageError, FileNotFoundError):
    """The backend has nothing under this path."""

    errno = errno.ENOENT


class PathExistsError(StorageError, FileExistsError):
    """The path exists already and ``overwrite=True`` was not given."""

    errno = errno.EEXIST


class PathIsDirectoryError(StorageError, IsADirectoryError):
    """A file was wanted and the path is a directory."""

    errno = errno.EISDIR


class PathNotDirectoryError(StorageError, NotADirectoryError):
    """A directory was wanted and the path, or one of its parents, is a file."""

    errno = errno.ENOTDIR


class DirectoryNotEmptyError(StorageError, OSError):
    """A directory with content was to be deleted without ``recursive=True``."""

    errno = errno.ENOTEMPTY


class InvalidPathError(StorageError, ValueError):
    """The path cannot name anything in this backend, or leads outside what it may touch."""


class BatchError(StorageError, ValueError):
    """A batch is inconsistent; nothing of it was stored."""


class FormatError(StorageError, ValueError):
    """The bytes are not what the format demands."""


class UnsupportedDataError(StorageError, TypeError):
    """The format or backend cannot hold this object without changing it."""


class UnsupportedOperationError(StorageError, io.UnsupportedOperation):
    """The backend cannot do this by its nature; its capabilities say so."""


class MetadataError(OpenHCSError, ValueError):
    """A metadata document is corrupt or contradicts itself; it is left as it was found."""


class MetadataLockedError(MetadataError, TimeoutError):
    """Another process has held the lock of a metadata document for too long."""


class PlateError(OpenHCSError, ValueError):
    """A plate cannot be read as what it was taken for."""


class PlateNotRecognisedError(PlateError, LookupError):
    """No installed microscope handler, or more than one, reads this folder."""


class PlateConflictError(PlateError):
    """Two files of a plate claim to be the same image."""


class ArrayError(OpenHCSError, ValueError):
    """An array has the wrong shape, dtype or memory type for what was asked."""


class MemoryConversionError(ArrayError):
    """A conversion between memory types would change values, or is impossible."""

    def __init__(self, source_type: str, target_type: str, method: str, reason: str) -> None:
        super().__init__(f"Cannot convert {source_type} to {target_type} via {method}: {reason}")
        self.source_type = source_type
        self.target_type = target_type
        self.method = method
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str, str, str]]:
        return type(self), (self.source_type, self.target_type, self.method, self.reason)


class OutOfMemoryError(ArrayError, MemoryError):
    """A device ran out of memory, and no way to recover was left."""

    def __init__(self, message: str, needed: int | None = None, free: int | None = None) -> None:
        super().__init__(message)
        self.needed = needed
        self.free = free

    def __reduce__(self) -> tuple[type, tuple[str, int | None, int | None]]:
        return type(self), (self.message, self.needed, self.free)


class DeviceUnavailableError(ArrayError, RuntimeError):
    """An array library is installed and its driver or device is not there."""

    def __init__(self, message: str, state: str = "no device") -> None:
        super().__init__(message)
        self.state = state

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.message, self.state)


class LibraryMissingError(DeviceUnavailableError, ImportError):
    """The array library of a memory type is not installed."""


class PipelineError(OpenHCSError, ValueError):
    """A pipeline is wrong, found out before the first pixel, or failed while running."""
