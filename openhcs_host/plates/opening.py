"""Finding the handler that reads a folder, and reading it."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.contracts.microscopes import Evidence, FolderListing, PlateReading
from openhcs_host.errors import PathNotDirectoryError, PathNotFoundError, PlateNotRecognisedError, PluginError
from openhcs_host.seam.host import Host

__all__ = ["Detection", "detect_microscope", "list_folder", "open_plate"]

_BOUND: Final = 4096


@attrs.frozen
class Detection:
    """What every installed handler said of a folder."""

    answers: dict[str, Evidence]
    """Key of the handler to its answer; one that could not be asked is a no with the cause."""

    @property
    def recognised(self) -> list[str]:
        """Keys of the handlers that read the folder."""
        return [key for key, evidence in self.answers.items() if evidence.recognised]


def open_plate(
    host: Host, path: str | os.PathLike[str], *, microscope: str | None = None, deep: bool = False
) -> PlateReading:
    """Read the plate in folder ``path`` with the handler ``microscope``, or the one that recognises it.

    Raises ``PathNotFoundError`` or ``PathNotDirectoryError`` for the folder,
    ``PlateNotRecognisedError`` when no handler or several say yes, and what the handler raises.
    """
    root = _folder(path)
    if microscope is None:
        microscope = detect_microscope(host, root)
    return host.microscope(microscope).read(root, deep=deep)


def detect_microscope(host: Host, path: str | os.PathLike[str]) -> str:
    """Return the key of the one handler that recognises the folder."""
    root = _folder(path)
    detection = _ask_all(host, list_folder(root))
    if len(detection.recognised) == 1:
        return detection.recognised[0]
    raise PlateNotRecognisedError(_explain(root, detection))


def list_folder(root: Path, bound: int = _BOUND) -> FolderListing:
    """List up to ``bound`` names below ``root``, breadth first, following no links to directories."""
    files: list[str] = []
    directories: list[str] = []
    complete, level = True, [""]
    while level and len(files) + len(directories) < bound:
        deeper: list[str] = []
        for directory in level:
            try:
                with os.scandir(root / directory) as entries:
                    room = bound - len(files) - len(directories)
                    found = list(itertools.islice(entries, room + 1))
            except OSError:
                if not directory:
                    raise
                complete = False  # what cannot be looked into is the handler's to report when it reads
                continue
            complete = complete and len(found) <= room
            for entry in found[:room]:
                path = f"{directory}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    directories.append(path)
                    deeper.append(f"{path}/")
                else:
                    files.append(path)
        level = sorted(deeper)
    return FolderListing(root, tuple(files), tuple(directories), complete=complete and not level)


def _ask_all(host: Host, listing: FolderListing) -> Detection:
    answers = {}
    for key in host.index.keys("microscope"):
        try:
            answers[key] = host.microscope(key).detect(listing)
        except PluginError as error:
            answers[key] = Evidence(False, f"it could not be asked: {error}")
        except Exception as error:  # noqa: BLE001 - one handler's fault must not silence the others
            provider = host.resolve("microscope", key).provider
            answers[key] = Evidence(False, f"it failed ({provider}): {type(error).__name__}: {error}")
    return Detection(answers)


def _explain(root: Path, detection: Detection) -> str:
    said = "\n".join(
        f"  {key}: {'yes' if evidence.recognised else 'no'}, {evidence.reason}"
        for key, evidence in detection.answers.items()
    )
    if detection.recognised:
        return (
            f"several microscope handlers read {str(root)!r}:\n{said}\n"
            f"Say which: --microscope {detection.recognised[0]}"
        )
    return (
        f"no installed microscope handler reads {str(root)!r}:\n{said or '  none is installed'}\n"
        f"Install the handler of your microscope, or name one with --microscope KEY."
    )


def _folder(path: str | os.PathLike[str]) -> Path:
    root = Path(path)
    if not root.exists():
        raise PathNotFoundError(f"there is no folder {str(root)!r}")
    if not root.is_dir():
        raise PathNotDirectoryError(f"{str(root)!r} is a file; a plate is a folder")
    return root
