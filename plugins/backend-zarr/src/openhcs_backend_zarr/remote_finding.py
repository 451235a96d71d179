"""What stands under a URL: as in a folder, but found with as few questions as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

import attrs

from openhcs_backend_zarr.finding import Entry, Finder
from openhcs_backend_zarr.images import StoredImage
from openhcs_backend_zarr.ngff.parsing import parse_plate, parse_well
from openhcs_backend_zarr.ngff.physical import well_path
from openhcs_backend_zarr.remote_files import RemoteFiles
from openhcs_host.errors import PlateError

__all__ = ["RemoteFinder", "documents_ahead"]


@attrs.define(eq=False)
class RemoteFinder(Finder):
    """Finds what stands under URLs. Each call sees every document once, as it was when it was asked for."""

    @property
    def files(self) -> RemoteFiles:
        """Where documents are read."""
        files = self.images.groups.files
        if not isinstance(files, RemoteFiles):
            raise TypeError(f"URLs are read through RemoteFiles, not {type(files).__name__}")
        return files

    def entry(self, path: str) -> Entry | None:
        """Return what stands under a URL."""
        with self.files.looking():
            return Finder.entry(self, path)

    def field(self, root: str, well: str, site: int) -> StoredImage | None:
        """Return a field; of a plate of ours only if the well's document lists it."""
        found = Finder.field(self, root, well, site)
        if found is None or not found.ours:
            return found
        group = self.images.groups.get(f"{root}/{well_path(well)}")
        listed = () if group is None else parse_well(group.attributes, group.document).images
        return found if any(image.path == str(site) for image in listed) else None

    def planes_in(self, root: str) -> Iterator[tuple[str, StoredImage]]:
        """Yield every field of the plate; the documents are asked for together."""
        with self.files.looking():
            group = self.images.groups.get(root)
            ahead = [] if group is None or group.kind != "plate" else documents_ahead(self, root)
            with self.files.looking(ahead):
                yield from list(Finder.planes_in(self, root))

    def names(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names of files and of directories below a URL."""
        with self.files.looking():
            return Finder.names(self, folder)

    def children(self, folder: str) -> Sequence[tuple[str, bool]]:
        """Return the names below a URL; the rows of a plate are passed over, with all that is in them."""
        group = self.images.groups.get(folder)
        rows: tuple[str, ...] = ()
        if group is not None and group.kind == "plate":
            rows = parse_plate(group.attributes, group.document).rows
        return self.files.children(folder, rows)

    def closed(self, folder: str) -> bool:
        """Whether nothing of a user's can be below a URL."""
        with self.files.looking():
            return Finder.closed(self, folder)

    def open(self, root: str) -> None:
        """Do nothing: what killed writers left at a URL is told apart from what others are writing by nothing."""

    def looking(self) -> AbstractContextManager[None]:
        """Return a block in which every document is asked for once."""
        return self.files.looking()


def documents_ahead(finder: RemoteFinder, root: str) -> list[str]:
    """Return the documents of a plate's fields, after asking for those of its wells together."""
    groups, files = finder.images.groups, finder.files
    plate = groups.get(root)
    if plate is None:
        return []
    names = ("zarr.json", ".zattrs") if plate.zarr_format == 2 else ("zarr.json",)
    wells = [f"{root}/{known.path}" for known in parse_plate(plate.attributes, plate.document).wells]
    found = []
    with files.looking([f"{well}/{name}" for well in wells for name in names]):
        for well in wells:
            try:
                group = groups.get(well)
                listed = () if group is None else parse_well(group.attributes, well).images
            except PlateError:
                continue  # whoever reads the well says so
            found += [f"{well}/{image.path}/{name}" for image in listed for name in names]
    return found
