"""What one well leaves behind: its images and the files of its special outputs, whole or not at all."""

from __future__ import annotations

import os
from typing import Any

from openhcs_host import FileManager
from openhcs_host.contracts.images import image_name
from openhcs_host.files.atomic import sync_directory
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.planes import Planes, load_planes

__all__ = ["ResultWriter", "save_options"]


def save_options(plan: Plan, files: FileManager, backend: str) -> dict[str, Any]:
    """Return the keyword arguments with which images are saved to a backend.

    A backend whose configuration has a ``durability`` takes it with every save, too.
    """
    options = dict(plan.vfs.backend_kwargs.get(backend, {}))
    if "durability" in files.get_backend(backend).configuration():
        options.setdefault("durability", plan.durability)
    return options


class ResultWriter:
    """Writes the results of one well to every backend of the run, and can take them back."""

    def __init__(self, plan: Plan, files: FileManager, well: str) -> None:
        self._plan, self._files, self._well = plan, files, well
        self._written: list[tuple[str, str]] = []

    def write_images(self, where: Planes) -> None:
        """Write the final images to each backend."""
        images = load_planes(self._files, list(where.values()))
        metadata = [self._plan.reading.image_metadata(c) for c in where]
        for backend in self._plan.vfs.materialization_backends:
            folder = self._plan.images_in(backend).as_posix()
            paths = [f"{folder}/{image_name(c)}" for c in where]
            self._written += [(path, backend) for path in paths]
            options = save_options(self._plan, self._files, backend)
            # An attempt whose process died may have left some of them.
            self._files.save_batch(images, paths, backend, images=metadata, overwrite=True, **options)

    def special_paths(self, name: str, stack: str) -> dict[str, str]:
        """Return the planned path of a special output of this well in each backend, without extension."""
        last = f"{stack}_{name}" if stack else name
        return {
            backend: (self._plan.results_in(backend) / self._well / last).as_posix()
            for backend in self._plan.vfs.materialization_backends
        }

    def flush(self) -> None:
        """Flush to the medium what materializers wrote for this well, if the run is to survive a loss of power."""
        if self._plan.durability != "power":
            return
        for backend in self._plan.vfs.materialization_backends:
            for folder, _, names in os.walk(self._plan.results_in(backend) / self._well):
                for name in names:
                    _flush(os.path.join(folder, name))
                sync_directory(folder)
                sync_directory(os.path.dirname(folder))

    def discard(self) -> None:
        """Remove what was written: half a well must not pass for one."""
        for path, backend in self._written:
            if self._files.exists(path, backend):
                self._files.delete(path, backend)
        self.discard_files()

    def discard_files(self) -> None:
        """Remove what materializers wrote for this well, now or in an attempt whose process died."""
        for backend in self._plan.vfs.materialization_backends:
            folder = self._plan.results_in(backend) / self._well
            if self._files.is_dir(folder, backend):
                self._files.delete(folder, backend, recursive=True)


def _flush(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR)  # Windows flushes only what is open for writing
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
