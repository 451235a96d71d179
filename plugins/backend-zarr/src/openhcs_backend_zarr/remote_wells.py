"""Wells at URLs: made in a folder of this machine, and put so that documents never name what is not there.

Nobody holds a lock. A document is replaced only while it is still the one from which it was made: the lists of
wells and fields are made again from the newer one, and a field that another writer has changed is an error.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from openhcs_backend_zarr.building import FieldChange
from openhcs_backend_zarr.config import NgffVersion, ZarrConfig
from openhcs_backend_zarr.describing import Known
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.groups import Group, Groups
from openhcs_backend_zarr.images import Images
from openhcs_backend_zarr.ngff.model import ImageRef, Well
from openhcs_backend_zarr.ngff.parsing import parse_well
from openhcs_backend_zarr.ngff.physical import well_path
from openhcs_backend_zarr.ngff.writing import group_documents, well_attributes
from openhcs_backend_zarr.plate_documents import (
    check_place,
    plate_group,
    registering,
    version_of,
    write_documents,
)
from openhcs_backend_zarr.remote_files import RemoteFiles
from openhcs_backend_zarr.staging import ChangedError, fetched, put, sent
from openhcs_backend_zarr.wells import Wells, WellSession
from openhcs_host.errors import PathExistsError, PlateConflictError
from openhcs_host.files.atomic import make_directories

__all__ = ["CheckedOut", "RemoteWells", "document_name", "replace_group"]

_TRIES: Final = 100
_Change = Callable[[Group | None], Mapping[str, Any]]


@attrs.define(eq=False)
class CheckedOut:
    """Fields of a well in a folder here, and what they were at the URL."""

    root: str
    """The plate's folder here."""
    version: NgffVersion
    """NGFF version of the plate."""
    generations: dict[int, bytes] = attrs.field(factory=dict)
    """Site to the generation of its document; also of those that there are not."""


@attrs.frozen(eq=False)
class RemoteWells:
    """Writes the wells of plates at URLs."""

    images: Images
    """Images at URLs."""
    files: RemoteFiles
    """Where they lie."""
    wells: Wells
    """Writes wells in folders."""

    def save(
        self,
        root: str,
        well: str,
        changes: Sequence[FieldChange],
        config: ZarrConfig,
        prepared: Callable[[int], Known],
        *,
        overwrite: bool,
    ) -> None:
        """Save planes of a well; fields appear one by one, a new well as a whole."""
        check_place(self.images.groups, root, well)
        sites = [change.site for change in changes]
        with self.checked_out(root, well, sites, config.ngff_version) as here:
            self.wells.save(here.root, well, changes, config, prepared, overwrite=overwrite)

    def save_labels(
        self,
        root: str,
        well: str,
        name: str,
        changes: Sequence[FieldChange],
        config: ZarrConfig,
        *,
        overwrite: bool,
    ) -> None:
        """Save planes of a label image beside fields that there are."""
        sites = [change.site for change in changes]
        with self.checked_out(root, well, sites, config.ngff_version) as here:
            self.wells.save_labels(here.root, well, name, changes, config, overwrite=overwrite)

    def remove_labels(
        self, root: str, well: str, names: Sequence[str], spots: Mapping[int, Sequence[Spot]]
    ) -> None:
        """Delete planes, by site, of label images."""
        with self.checked_out(root, well, spots, "0.5") as here:
            self.wells.remove_labels(here.root, well, names, spots, power=False)

    def remove(self, root: str, well: str, spots: Mapping[int, Sequence[Spot]]) -> None:
        """Delete planes, by site; a field without planes goes, and a well without fields."""
        with self.checked_out(root, well, spots, "0.5") as here:
            self.wells.remove(here.root, well, spots, power=False)

    @contextlib.contextmanager
    def session(
        self, root: str, well: str, config: ZarrConfig, prepared: Callable[[int], Known], *, overwrite: bool
    ) -> Iterator[WellSession]:
        """Make a well anew while the block runs; it is put, in place of the one there, when the block ends."""
        check_place(self.images.groups, root, well)
        url = f"{root}/{well_path(well)}"
        before = self.files.keys(url)
        if self.images.groups.get(url) is not None and not overwrite:
            raise PathExistsError(
                f"well {well} of {root!r} exists already; pass overwrite=True to replace it"
            )
        with self._folder(root, config.ngff_version) as here:
            with self.wells.session(here.root, well, config, prepared, overwrite=True) as session:
                yield session
            if session.sites:
                put_now = self._put_fields(root, well, here)
                self._list(root, well, session.sites, None, here.version)
                self.files.delete(f"{url}/{key}" for key in set(before) - put_now if "/" in key)

    @contextlib.contextmanager
    def checked_out(
        self, root: str, well: str, sites: Iterable[int], version: NgffVersion
    ) -> Iterator[CheckedOut]:
        """Have fields of a well in a plate's folder here; what the block makes of them is put when it ends."""
        listed = Wells(self.images, self.wells.workers).fields(root, well)
        url = f"{root}/{well_path(well)}"
        with self._folder(root, version) as here:
            place = f"{here.root}/{well_path(well)}"
            old: set[str] = set()
            for site in sites:
                path = f"{url}/{site}/{document_name(here.version)}"
                here.generations[site] = self.files.generation(path)
                if site in listed:
                    old |= {
                        f"{site}/{key}" for key in fetched(self.files, f"{url}/{site}", f"{place}/{site}")
                    }
            found = sorted(set(here.generations) & set(listed))
            if found:
                document = Well(tuple(ImageRef(str(site)) for site in found), here.version)
                write_documents(place, group_documents(well_attributes(document), here.version), power=False)
            yield here
            put_now = self._put_fields(root, well, here)
            made = set(self._made(here, well))
            self._list(root, well, made, set(found) - made, here.version)
            self.files.delete(f"{url}/{key}" for key in old - put_now)

    @contextlib.contextmanager
    def _folder(self, root: str, version: NgffVersion) -> Iterator[CheckedOut]:
        plate = plate_group(self.images.groups, root)
        version = version_of(self.images.groups, root, version)
        with tempfile.TemporaryDirectory(prefix="openhcs-zarr-") as folder:
            here = f"{folder}/{root.rpartition('/')[2]}"
            make_directories(here)
            if plate is not None:
                write_documents(here, group_documents(plate.attributes, version), power=False)
            yield CheckedOut(here, version)

    def _put_fields(self, root: str, well: str, here: CheckedOut) -> set[str]:
        """Put the fields that lie in the folder; return their keys below the well."""
        path, keys = well_path(well), set[str]()
        for site in self._made(here, well):
            url = f"{root}/{path}/{site}"
            before = here.generations.get(site)
            try:
                put_now = sent(self.files, f"{here.root}/{path}/{site}", url, before)
            except ChangedError:
                raise PlateConflictError(
                    f"site {site} of well {well} of {root!r} was changed by another writer meanwhile; "
                    "look at what is there now, and save again"
                ) from None
            keys |= {f"{site}/{key}" for key in put_now}
        return keys

    def _made(self, here: CheckedOut, well: str) -> list[int]:
        group = self.wells.images.groups.get(f"{here.root}/{well_path(well)}")
        return _sites(group)

    def _list(
        self, root: str, well: str, made: set[int], gone: set[int] | None, version: NgffVersion
    ) -> None:
        """Let the documents of well and plate list the fields that were made, and none of those ``gone``.

        ``None`` means all others.
        """
        groups, path = self.images.groups, well_path(well)
        url, row = f"{root}/{path}", f"{root}/{path.partition('/')[0]}"

        def change(group: Group | None) -> Mapping[str, Any]:
            others = set() if gone is None else set(_sites(group)) - gone
            return well_attributes(
                Well(tuple(ImageRef(str(site)) for site in sorted(others | made)), version)
            )

        if not made and gone is not None and set(_sites(groups.get(url))) <= gone:
            self.files.delete(f"{url}/{name}" for name in group_documents({"well": {}}, version))
        else:
            if groups.get(row) is None:
                put(
                    self.files,
                    [(f"{row}/{name}", content) for name, content in group_documents({}, version).items()],
                )
            replace_group(groups, self.files, url, version, change)
        replace_group(groups, self.files, root, version, registering(groups, root, well, version))


def _sites(group: Group | None) -> list[int]:
    listed = () if group is None else parse_well(group.attributes, group.document).images
    return [int(image.path) for image in listed if image.path.isdecimal()]


def replace_group(
    groups: Groups, files: RemoteFiles, url: str, version: NgffVersion, change: _Change
) -> None:
    """Replace the attributes of a group by what ``change`` makes of the group as it is now.

    If another writer was faster, it is done again with what that one wrote.
    """
    for _ in range(_TRIES):
        group = groups.get(url)
        if group is not None:
            version = "0.5" if group.zarr_format == 3 else "0.4"
        path = f"{url}/{document_name(version)}"
        generation = files.generation(path)
        if group != groups.get(url):
            continue
        documents = group_documents(change(group), version)
        last = documents[document_name(version)]
        put(files, [(f"{url}/{name}", content) for name, content in documents.items() if content is not last])
        if files.written(path, last, generation):
            return
    raise PlateConflictError(
        f"{url!r} was changed {_TRIES} times while it was being changed; try again later"
    )


def document_name(version: NgffVersion) -> str:
    """Return the document of a group whose replacement is what counts."""
    return "zarr.json" if version == "0.5" else ".zattrs"
