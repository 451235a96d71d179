"""Wells in a folder: made aside, put in place in one step, found whole by whoever looks.

Everything unfinished lies in the plate's folder under a hidden name that begins with the well's,
``.B02-….openhcs-part``; no listing of ours shows it, and no document refers to it. Who finds one whose lock is
free finds what a killed writer left: see ``recovering``.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from openhcs_backend_zarr.building import FieldChange, check_change, linked_field, written_fields
from openhcs_backend_zarr.config import NgffVersion, ZarrConfig
from openhcs_backend_zarr.describing import Known
from openhcs_backend_zarr.exchanging import exchange, rename_new
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.labelling import label, unlabel
from openhcs_backend_zarr.labels import check_size, regrown
from openhcs_backend_zarr.locking import locked
from openhcs_backend_zarr.ngff.model import ImageRef, Well
from openhcs_backend_zarr.ngff.parsing import parse_well
from openhcs_backend_zarr.ngff.physical import well_path
from openhcs_backend_zarr.ngff.writing import group_documents, well_attributes
from openhcs_backend_zarr.placing import sync_tree
from openhcs_backend_zarr.plate_documents import check_place, register, version_of, write_documents
from openhcs_backend_zarr.rewriting import erased, rewritten
from openhcs_backend_zarr.well_summaries import summary_of
from openhcs_backend_zarr.workers import Workers
from openhcs_host.errors import BatchError, PathExistsError, PlateError
from openhcs_host.files.atomic import atomic_write, make_directories, sync_directory

__all__ = ["GONE", "NEW", "OLD", "WellSession", "Wells", "holder_prefix", "lock_of"]

NEW: Final = "new"
"""In a holder: the well that is being made, or after the exchange the one that was replaced."""
OLD: Final = "old"
"""In a holder: the well that is being replaced, where names cannot be exchanged in one step."""
GONE: Final = "gone"
"""In a holder: a well that was deleted."""


def lock_of(root: str, well: str) -> str:
    """Return the file whose lock the writer of a well holds."""
    return f"{root}/.{well}-lock.openhcs-part"


def holder_prefix(well: str) -> str:
    """Return how names of folders begin in which a well is being made."""
    return f".{well}-"


@attrs.frozen(eq=False)
class Wells:
    """Writes the wells of plates in folders."""

    images: Images
    workers: Workers

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
        """Save planes of a well; all of them are there afterwards, or after an error none.

        Other planes of the well stay. Raises ``PathExistsError`` unless ``overwrite``.
        """
        check_place(self.images.groups, root, well)
        make_directories(root, power=config.power)
        with locked(lock_of(root, well)):
            version = version_of(self.images.groups, root, config.ngff_version)
            config = attrs.evolve(config, ngff_version=version)
            stored = self.fields(root, well)
            for change in changes:
                check_change(change, stored.get(change.site), well, overwrite=overwrite)
                check_size(self.images, change, stored.get(change.site))
            if len(changes) == 1 and rewritten(
                self.images, stored.get(changes[0].site), changes[0], self.workers, power=config.power
            ):
                return
            with self.aside(root, well) as holder:
                made = f"{holder}/{NEW}"
                changed = {change.site for change in changes}
                for site, field in stored.items():
                    if site not in changed:
                        linked_field(_folder(field), f"{made}/{site}")
                written_fields(self.images, made, changes, stored, config, prepared, self.workers)
                for site in changed & set(stored):
                    regrown(self.images, made, stored[site], site, config, self.workers)
                self.put(root, well, holder, sorted(changed | set(stored)), version, config.power)

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
        """Save planes of the label image ``name`` beside fields that there are; all of them or none."""
        make_directories(root, power=config.power)
        with locked(lock_of(root, well)):
            label(self, root, well, name, changes, config, overwrite=overwrite)

    def remove_labels(
        self,
        root: str,
        well: str,
        names: Sequence[str],
        spots: Mapping[int, Sequence[Spot]],
        *,
        power: bool,
    ) -> None:
        """Delete planes, by site, of label images."""
        with locked(lock_of(root, well)):
            unlabel(self, root, well, names, spots, power=power)

    def remove(self, root: str, well: str, spots: Mapping[int, Sequence[Spot]], *, power: bool) -> None:
        """Delete planes, by site; a field without planes goes, and a well without fields."""
        with locked(lock_of(root, well)):
            stored = self.fields(root, well)
            version = version_of(self.images.groups, root, "0.5")
            left = {
                site: field
                for site, field in stored.items()
                if set(field.field.spots()) - set(spots.get(site, ()))
            }
            if not left:
                self._take_away(root, well, version, power)
                return
            unlabel(self, root, well, None, spots, power=power)
            left = {site: field for site, field in self.fields(root, well).items() if site in left}
            if len(left) < len(stored):
                with self.aside(root, well) as holder:
                    for site, field in left.items():
                        linked_field(_folder(field), f"{holder}/{NEW}/{site}")
                    self.put(root, well, holder, sorted(left), version, power)
                left = self.fields(root, well)
            for site, field in left.items():
                if spots.get(site):
                    erased(self.images, field, spots[site], self.workers, power=power)

    @contextlib.contextmanager
    def session(
        self, root: str, well: str, config: ZarrConfig, prepared: Callable[[int], Known], *, overwrite: bool
    ) -> Iterator[WellSession]:
        """Make a well anew while the block runs; it replaces the one that is there when the block ends."""
        check_place(self.images.groups, root, well)
        make_directories(root, power=config.power)
        with locked(lock_of(root, well)):
            if not overwrite and self.images.groups.get(f"{root}/{well_path(well)}") is not None:
                raise PathExistsError(
                    f"well {well} of {root!r} exists already; pass overwrite=True to replace it"
                )
            version = version_of(self.images.groups, root, config.ngff_version)
            config = attrs.evolve(config, ngff_version=version)
            with self.aside(root, well) as holder:
                session = WellSession(self, f"{holder}/{NEW}", well, config, prepared)
                yield session
                session.finish()
                if session.sites:
                    self.put(root, well, holder, sorted(session.sites), version, config.power)

    def fields(self, root: str, well: str) -> dict[int, StoredImage]:
        """Return the fields of a well by site, none if it is not there; others' wells are a ``PlateError``."""
        path = well_path(well)
        group = self.images.groups.get(f"{root}/{path}")
        if group is None:
            return {}
        fields = {}
        for image in parse_well(group.attributes, group.document).images:
            found = self.images.get(root, f"{path}/{image.path}")
            if found is None or not found.ours or not image.path.isdecimal():
                raise PlateError(
                    f"{root}/{path}/{image.path} was written by another program and is not changed; "
                    "copy the plate with this backend, or replace the whole well"
                )
            fields[int(image.path)] = found
        return fields

    @contextlib.contextmanager
    def aside(self, root: str, well: str) -> Iterator[str]:
        """Have a folder in which a well can be made; what is left in it is removed."""
        holder = f"{root}/{holder_prefix(well)}{os.urandom(6).hex()}.openhcs-part"
        os.makedirs(f"{holder}/{NEW}")
        try:
            yield holder
        finally:
            shutil.rmtree(holder)

    def put(
        self, root: str, well: str, holder: str, sites: Sequence[int], version: NgffVersion, power: bool
    ) -> None:
        """Put the well that was made in a folder of ``aside`` in its place; it has these sites."""
        made, place = f"{holder}/{NEW}", f"{root}/{well_path(well)}"
        document = Well(tuple(ImageRef(str(site)) for site in sites), version)
        attributes = {**well_attributes(document), **summary_of(made, sites, version)}
        write_documents(made, group_documents(attributes, version), power=power)
        if power:
            sync_tree(holder)
        row = os.path.dirname(place)
        make_directories(row, power=power)
        if self.images.groups.get(row) is None:
            for name, content in group_documents({}, version).items():
                _write_new(f"{row}/{name}", content, power)
        if os.path.isdir(place):
            if not exchange(made, place):
                os.rename(place, f"{holder}/{OLD}")
                os.rename(made, place)
        else:
            rename_new(made, place)
        if power:
            sync_directory(row)
            sync_directory(root)
        register(self.images.groups, root, well, version, power=power)

    def _take_away(self, root: str, well: str, version: NgffVersion, power: bool) -> None:
        with self.aside(root, well) as holder:
            os.rename(f"{root}/{well_path(well)}", f"{holder}/{GONE}")
            if power:
                sync_directory(os.path.dirname(f"{root}/{well_path(well)}"))
            register(self.images.groups, root, well, version, power=power)


@attrs.define(eq=False)
class WellSession:
    """A well that is being made: fields come one after the other, planes of one together or apart."""

    _wells: Wells
    _folder: str
    _well: str
    _config: ZarrConfig
    _prepared: Callable[[int], Known]
    sites: set[int] = attrs.field(factory=set)
    """Sites that have come."""
    _waiting: FieldChange | None = None
    _given_up: bool = False

    def add(self, changes: Sequence[FieldChange], *, overwrite: bool) -> None:
        """Write planes of one or more fields."""
        changes = self._with_waiting(changes)
        stored = {}
        for change in changes:
            if change.site in self.sites:
                field = self._wells.images.get(self._folder, str(change.site))
                if field is not None:
                    stored[change.site] = field
            check_change(change, stored.get(change.site), self._well, overwrite=overwrite)
        images, workers = self._wells.images, self._wells.workers
        try:
            written_fields(images, self._folder, changes, stored, self._config, self._prepared, workers)
        except BaseException:
            self._given_up = True  # half a field lies there
            raise
        self.sites |= {change.site for change in changes}

    def take(self, changes: Iterable[FieldChange], *, overwrite: bool) -> None:
        """Write fields whose planes are loaded as they are written, one field after the other.

        An error is found when part of a field has been written: the well is not saved then, whatever follows.
        """
        try:
            self.flush()
            for change in changes:
                self.add([change], overwrite=overwrite)
        except BaseException:
            self._given_up = True
            raise

    def wait(self, change: FieldChange, *, overwrite: bool) -> None:
        """Take one plane, to be written with the others of its field when another field comes.

        No more wait than an object holds, as long as they come time point by time point.
        """
        if change.site in self.sites:
            stored = self._wells.images.get(self._folder, str(change.site))
            check_change(change, stored, self._well, overwrite=overwrite)
        waiting = self._waiting
        if waiting is not None and waiting.site == change.site and not self._suffices(waiting, change):
            self._waiting = waiting.joined(change, overwrite=overwrite)
            return
        self.flush()
        self._waiting = change

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting is not None:
            self.add([], overwrite=True)

    def finish(self) -> None:
        """Write what waits; a well that was given up is a ``BatchError``."""
        if self._given_up:
            raise BatchError(f"well {self._well} was not saved: a batch of its planes was broken off")
        self.flush()

    def _suffices(self, waiting: FieldChange, change: FieldChange) -> bool:
        rows, columns = waiting.size
        held = len(waiting.planes) * rows * columns * waiting.dtype.itemsize
        times = {timepoint for _, _, timepoint in waiting.planes}
        return held >= self._config.shard_bytes and not times & {time for _, _, time in change.planes}

    def _with_waiting(self, changes: Sequence[FieldChange]) -> list[FieldChange]:
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return list(changes)
        merged = [
            waiting.joined(change, overwrite=False) for change in changes if change.site == waiting.site
        ]
        others = [change for change in changes if change.site != waiting.site]
        return [*(merged or [waiting]), *others]


def _folder(stored: StoredImage) -> str:
    return os.path.dirname(stored.group.document)


def _write_new(path: str, content: bytes, power: bool) -> None:
    with atomic_write(path, overwrite=True, power=power) as stream:  # another writer says the same
        stream.write(content)
