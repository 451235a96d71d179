"""Writes a synthetic plate as MetaXpress does: exports, copies of its database, and what people make of them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import attrs
import numpy as np
import tifffile

from openhcs_demo.plates.described import Frame, Pixels, Plate
from openhcs_demo.plates.htd import PLATE_TYPE, htd_file, selected_wells
from openhcs_demo.plates.imagexpress_paths import ImageXpressPaths
from openhcs_demo.plates.imagexpress_traps import STRAYS, ImageXpressTraps
from openhcs_demo.plates.metaseries import metaseries_xml
from openhcs_demo.plates.written import ProjectionPlace, Written, WrittenImage, digest, empty_folder, times
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import Channel

__all__ = ["write_imagexpress"]


def write_imagexpress(
    folder: str | os.PathLike[str],
    plate: Plate,
    images: Iterable[Frame],
    traps: ImageXpressTraps = ImageXpressTraps(),  # noqa: B008 - frozen
    *,
    seed: int = 0,
) -> Written:
    """Write the plate into ``folder``; the planes of a stack must follow one another in ``images``.

    ``seed`` decides GUIDs and jitter. Raises ``PathExistsError`` if the folder has content, ``ValueError``
    if a plate cannot have these traps together or has no image.
    """
    traps.check(plate)
    root = Path(folder)
    empty_folder(root)
    writer = _Writer(root, plate, traps, random.Random(seed))
    for _, stack in groupby(images, key=lambda frame: attrs.evolve(frame[0], z_index=0)):
        writer.stack(list(stack))
    if not writer.planes:
        raise ValueError(f"the plate for {str(root)!r} has no plane: nothing was acquired")
    writer.metadata()
    return writer.written()


class _Writer:
    def __init__(self, root: Path, plate: Plate, traps: ImageXpressTraps, rng: random.Random) -> None:
        self.root, self.plate, self.traps, self.rng = root, plate, traps, rng
        self.paths = ImageXpressPaths(plate, traps, rng)
        self.planes: dict[Coordinates, WrittenImage] = {}
        self.projections: dict[ProjectionPlace, WrittenImage] = {}
        self.copies: set[Coordinates] = set()
        self.thumbnails = 0
        self.taken: list[Coordinates] = []
        self.firsts: dict[tuple[str, int, int], Frame] = {}

    def stack(self, frames: list[Frame]) -> None:
        """Write the planes of one stack that were acquired, their projection, and copies to fill the rest."""
        traps, where = self.traps, frames[0][0]
        acquired = frames
        if where.timepoint > 1 and where.channel in traps.first_time_only:
            acquired = []
        elif where.channel in traps.single:
            acquired = [frame for frame in frames if frame[0].z_index == 1]
        if acquired and traps.projections and where.channel not in traps.single:
            self.projection(acquired)
        if where.channel not in traps.projected or not traps.projections:
            for coordinates, pixels in acquired:
                self.plane(coordinates, coordinates, pixels)
            if traps.filled:
                self.fill([coordinates for coordinates, _ in frames], acquired)

    def fill(self, places: list[Coordinates], acquired: list[Frame]) -> None:
        """Write copies of the stack's first image, or of the first time point's, where there is none."""
        position = places[0].well, places[0].site, places[0].channel
        if acquired:
            self.firsts.setdefault(position, acquired[0])
        original = acquired[0] if acquired else self.firsts.get(position)
        for place in places:
            if original is not None and place not in self.planes:
                self.plane(place, *original)
                self.copies.add(place)

    def plane(self, place: Coordinates, acquired: Coordinates, pixels: Pixels) -> None:
        """Write one plane, with what was acquired elsewhere if it is a copy."""
        folder = self.paths.folder(place.timepoint, place.z_index if self.paths.in_folders else None)
        projected = place.channel in self.traps.projected
        self.planes[place] = self.image(folder, place, acquired, pixels, projected)

    def projection(self, frames: list[Frame]) -> None:
        """Write the maximum of a stack."""
        where = frames[0][0]
        folder = self.paths.folder(where.timepoint, 0 if self.traps.projections == "ZStep_0" else None)
        pixels = np.max([pixels for _, pixels in frames], axis=0)
        place = (where.well, where.site, where.channel, where.timepoint)
        self.projections[place] = self.image(folder, where, where, pixels, True)

    def image(
        self, folder: str, place: Coordinates, acquired: Coordinates, pixels: Pixels, projected: bool
    ) -> WrittenImage:
        """Write one image, and its thumbnail."""
        path, xml = self.paths.image(folder, place), None
        if self.traps.headers:
            limit = self.traps.jitter_um
            missed = self.rng.uniform(-limit, limit), self.rng.uniform(-limit, limit)
            xml = metaseries_xml(self.plate, acquired, pixels.shape[:2], missed, projected)
            self.taken.append(acquired)
        self.save(path, pixels, xml)
        if self.traps.thumbnails:
            self.save(self.paths.thumbnail(folder, place), pixels[::2, ::2], xml)
            self.thumbnails += 1
        return WrittenImage(path, digest(pixels))

    def save(self, path: str, pixels: Pixels, xml: bytes | None) -> None:
        """Write one TIFF file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(target, pixels, description=xml, metadata=None, software="openhcs-demo")

    def metadata(self) -> None:
        """Write HTD files, and what other programs leave behind."""
        content = htd_file(self.plate, self.traps, self.paths.new_guid())
        for folder in self.htd_folders():
            (self.root / folder / f"{self.htd_stem}{self.traps.htd_extension}").write_bytes(content)
        for name in STRAYS if self.traps.strays else ():
            name = name.format(prefix=self.paths.prefix)
            (self.root / self.paths.folders[-1] / name).write_bytes(b"not an image")

    @property
    def htd_stem(self) -> str:
        """Name of the HTD file without its end."""
        return self.plate.name if self.traps.htd_stem is None else self.traps.htd_stem

    def htd_folders(self) -> Iterator[str]:
        """Yield the folders that hold an HTD file."""
        top, *inside = self.paths.folders
        if self.traps.htd in ("top", "everywhere"):
            yield top
        if self.traps.htd == "everywhere":
            yield from inside
        elif self.traps.htd == "inside":
            yield inside[0]

    def written(self) -> Written:
        """Return what was written, and what names, HTD files and headers say of it."""
        plate, traps = self.plate, self.traps
        htd = traps.htd is not None
        numbers = {place.channel for place in self.planes} | {place[2] for place in self.projections}
        written = Written(
            microscope="imagexpress",
            root=self.root,
            planes=dict(sorted(self.planes.items(), key=lambda item: item[0].order)),
            projections=self.projections,
            missing=self.missing() if htd else {},
            copies=frozenset(self.copies),
            names=self.names(),
            channels={number: self.channel(plate.channels[number]) for number in sorted(numbers)},
            plate_shape=(plate.rows, plate.columns) if htd else None,
            plate_type=PLATE_TYPE if htd else None,
            grid=plate.full_grid if htd else None,
            thumbnails=self.thumbnails,
            unrecognised=len(STRAYS) if traps.strays else 0,
        )
        return self.with_headers(written) if traps.headers else written

    def missing(self) -> dict[Coordinates, str]:
        """Return planes that other wells or sites have and that the HTD file selects as much."""
        wells = selected_wells(self.plate, self.traps)
        rest = {(place.channel, place.z_index, place.timepoint) for place in self.planes}
        listed = (Coordinates(well, site, *r) for well in wells for site in self.plate.sites for r in rest)
        return {place: "" for place in listed if place not in self.planes}

    def with_headers(self, written: Written) -> Written:
        """Add what the headers say."""
        plate, real = self.plate, self.planes.keys() - self.copies
        started, offsets = times(plate, self.taken)
        positions = {(place.well, place.site) for place in self.planes}
        stacked = any(attrs.evolve(place, z_index=place.z_index + 1) in real for place in real)
        heights = sorted({place.z_index for place in real}) if plate.planes > 1 else []
        return attrs.evolve(
            written,
            objective=plate.objective,
            started=started.replace(tzinfo=None),
            time_offsets_s=offsets,
            pixel_size_um=plate.pixel_size_um,
            z_step_um=plate.z_step_um if stacked or self.projections else None,
            site_positions_um={site: plate.site_position_um(site) for _, site in sorted(positions)},
            well_site_positions_um={
                position: plate.position_um(*position) for position in plate.moved_um if position in positions
            },
            z_positions_um={z: z * plate.z_step_um for z in heights},
        )

    def names(self) -> tuple[str, ...]:
        """Return what the plate is called: by its files, else by metadata, else by its folders."""
        if self.paths.prefix:
            return (self.paths.prefix,)
        told = [self.htd_stem] * (self.traps.htd is not None) + [self.plate.name] * self.traps.headers
        return tuple(told) or (*self.paths.folder_names, self.root.name)

    def channel(self, channel: Channel) -> Channel:
        """Return what is told of a channel: MetaXpress knows no excitation."""
        if self.traps.headers:
            return Channel(
                name=channel.name, emission_nm=channel.emission_nm, exposure_ms=channel.exposure_ms
            )
        return Channel(name=channel.name if self.traps.htd else None)
