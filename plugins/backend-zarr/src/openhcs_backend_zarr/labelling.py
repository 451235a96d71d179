"""Saving and deleting labels: the well is made anew beside itself, with links to all that stays, and exchanged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import attrs

from openhcs_backend_zarr.building import FieldChange, linked_field
from openhcs_backend_zarr.config import NgffVersion, ZarrConfig
from openhcs_backend_zarr.fields import Spot
from openhcs_backend_zarr.images import Images, StoredImage
from openhcs_backend_zarr.labels import check_label_change, label_of, labels_of, relabelled
from openhcs_backend_zarr.plate_documents import version_of
from openhcs_backend_zarr.workers import Workers

__all__ = ["WellsWithLabels", "label", "unlabel"]


class WellsWithLabels(Protocol):
    """What is needed of ``Wells``; the caller holds the lock of the well."""

    @property
    def images(self) -> Images:
        """Images in folders."""

    @property
    def workers(self) -> Workers:
        """Threads that compress."""

    def fields(self, root: str, well: str) -> dict[int, StoredImage]:
        """Return the fields of a well by site."""

    def aside(self, root: str, well: str) -> AbstractContextManager[str]:
        """Have a folder in which a well can be made."""

    def put(
        self, root: str, well: str, holder: str, sites: Sequence[int], version: NgffVersion, power: bool
    ) -> None:
        """Put the well that was made there in its place."""


def label(
    wells: WellsWithLabels,
    root: str,
    well: str,
    name: str,
    changes: Sequence[FieldChange],
    config: ZarrConfig,
    *,
    overwrite: bool,
) -> None:
    """Save planes of the label image ``name`` beside fields that there are; all of them or none."""
    images, stored = wells.images, wells.fields(root, well)
    version = version_of(images.groups, root, config.ngff_version)
    config = attrs.evolve(config, ngff_version=version)
    labels = {site: label_of(images, field, name) for site, field in stored.items()}
    for change in changes:
        known = labels.get(change.site)
        check_label_change(change, stored.get(change.site), known, name, overwrite=overwrite)
    with wells.aside(root, well) as holder:
        for site, folder in _copied(stored, holder):
            for change in changes:
                if change.site == site:
                    known, field = labels[site], stored[site]
                    relabelled(images, folder, field, name, known, change, config, wells.workers)
        wells.put(root, well, holder, sorted(stored), version, config.power)


def unlabel(
    wells: WellsWithLabels,
    root: str,
    well: str,
    names: Iterable[str] | None,
    spots: Mapping[int, Sequence[Spot]],
    *,
    power: bool,
) -> None:
    """Delete planes, by site, of label images: of all where ``names`` is ``None``; others' are left as they are.

    Before planes are deleted their labels are: who saves another plane in their place must not find these.
    """
    images, stored = wells.images, wells.fields(root, well)
    doomed: dict[int, list[tuple[str, StoredImage]]] = {}
    for site in set(spots) & set(stored):
        for name in labels_of(images, stored[site]) if names is None else names:
            known = label_of(images, stored[site], name)
            if known is not None and known.ours and not set(spots[site]).isdisjoint(known.field.spots()):
                doomed.setdefault(site, []).append((name, known))
    if not doomed:
        return
    config = ZarrConfig(durability="power" if power else "process")
    version = version_of(images.groups, root, "0.5")
    with wells.aside(root, well) as holder:
        for site, folder in _copied(stored, holder):
            for name, known in doomed.get(site, ()):
                field, gone = stored[site], spots[site]
                relabelled(images, folder, field, name, known, None, config, wells.workers, without=gone)
        wells.put(root, well, holder, sorted(stored), version, power)


def _copied(stored: Mapping[int, StoredImage], holder: str) -> Iterator[tuple[int, str]]:
    """Link every field into a new well, and yield its site and its second place."""
    for site, field in stored.items():
        folder = f"{holder}/new/{site}"
        linked_field(os.path.dirname(field.group.document), folder)
        yield site, folder
