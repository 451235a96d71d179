"""The sink of one well: images come site by site, and appear together when it is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs

from openhcs_backend_zarr.arriving import is_loaded
from openhcs_backend_zarr.batches import WellBatch, arriving_fields, sorted_batch
from openhcs_backend_zarr.names import checked
from openhcs_backend_zarr.wells import WellSession
from openhcs_host.contracts.images import ImageMetadata
from openhcs_host.contracts.storage import Capability, DataSink, check_batch, refuse_options
from openhcs_host.errors import BatchError

__all__ = ["WellSink"]


@attrs.define(eq=False)
class WellSink(DataSink):
    """Takes the planes of one well, under the paths that they will have."""

    capabilities: ClassVar[Capability] = Capability.WRITE

    _session: WellSession
    _root: str
    _well: str
    key: str = attrs.field(default="zarr", init=False)

    def save(
        self,
        data: Any,
        path: str,
        *,
        overwrite: bool = False,
        image: ImageMetadata | None = None,
        **options: Any,
    ) -> None:
        """Take one plane; it is written together with the others of its field."""
        refuse_options(self.key, options)
        part = self._sorted([data], [path], [image])
        if part is not None:
            self._session.wait(part.fields[0], overwrite=overwrite)

    def save_batch(
        self,
        data: Sequence[Any],
        paths: Sequence[str],
        *,
        overwrite: bool = False,
        images: Sequence[ImageMetadata] | None = None,
        **options: Any,
    ) -> None:
        """Write planes of one field or more: whole fields at once are fastest.

        A list is checked before anything of it is written. Of any other sequence items are taken as they are
        written, each once, those of a field time point by time point; if one of them cannot be saved, or
        taken, the well is given up.
        """
        refuse_options(self.key, options)
        check_batch(data, paths, images)
        if not is_loaded(data):
            fields = arriving_fields(data, paths, images, self._root, self._well)
            self._session.take(fields, overwrite=overwrite)
            return
        part = self._sorted(data, paths, images)
        if part is not None:
            self._session.add(part.fields, overwrite=overwrite)

    def _sorted(
        self, data: Sequence[Any], paths: Sequence[str], images: Sequence[ImageMetadata | None] | None
    ) -> WellBatch | None:
        paths = [checked(path) for path in paths]
        batch = sorted_batch(data, paths, images, self._well)
        strange = [paths[number] for number in batch.others]
        strange += [part.root for part in batch.wells if part.root != self._root]
        if strange:
            raise BatchError(
                f"{strange[0]!r} is no plane of well {self._well} in {self._root!r}; it was not saved"
            )
        return batch.wells[0] if batch.wells else None
