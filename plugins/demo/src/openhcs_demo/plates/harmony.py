"""Writes a synthetic plate as Harmony does, the software of Opera Phenix, Operetta and Sonata."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import attrs
import tifffile

from openhcs_demo.plates.described import Frame, Plate
from openhcs_demo.plates.harmony_index import index_xml, tag_xml
from openhcs_demo.plates.harmony_traps import HarmonyTraps
from openhcs_demo.plates.written import Written, WrittenImage, digest, empty_folder, times
from openhcs_host.contracts.images import Coordinates, parse_well
from openhcs_host.contracts.microscopes import Channel, Objective

__all__ = ["write_harmony"]

_COMPRESSIONS: dict[str | None, tuple[str | None, ...]] = {
    None: (None,),
    "lzw": ("lzw",),
    "deflate": ("zlib",),
    "mixed": ("lzw", "zlib", None),
}
_TAG = 65500
_STRAY = "notes, 2µM.csv"


def write_harmony(
    folder: str | os.PathLike[str],
    plate: Plate,
    images: Iterable[Frame],
    traps: HarmonyTraps = HarmonyTraps(),  # noqa: B008 - frozen
    *,
    seed: int = 0,
) -> Written:
    """Write the plate into ``folder``.

    ``seed`` decides jitter and disorder. Raises ``PathExistsError`` if the folder has content, ``ValueError``
    if a plate cannot have these traps together or has no image.
    """
    traps.check(plate)
    root = Path(folder)
    empty_folder(root)
    rng = random.Random(seed)
    holder = _measurement(plate) if traps.measurement_folder else ""
    images_folder = f"{holder}/{traps.images_folder}" if holder else traps.images_folder
    (root / images_folder).mkdir(parents=True)
    listed, planes = _write_images(root, images_folder, plate, traps, images)
    if not planes:
        raise ValueError(f"the plate for {str(root)!r} has no plane: nothing has a file")
    if traps.index is not None and not listed:
        raise ValueError(f"the plate for {str(root)!r} has an Index, and nothing for it to list")
    positions = _positions_nm(plate, traps.jitter_nm, rng)
    if traps.index is not None:
        place = images_folder if traps.index == "beside" else holder
        content = index_xml(plate, traps, listed, positions, rng)
        (root / place / traps.index_name).write_bytes(content)
    if traps.assay_layout:
        (root / holder / "Assaylayout").mkdir()
        (root / holder / "Assaylayout" / "Unnamed.xml").write_bytes(b"<AssayLayout/>")
    if traps.strays:
        (root / images_folder / _STRAY).write_bytes(b"not an image")
    written = Written(
        microscope="opera_phenix",
        root=root,
        planes=dict(sorted(planes.items(), key=lambda item: item[0].order)),
        names=(holder or root.name,),
        channels={number: Channel() for number in sorted({place.channel for place in planes})},
        unrecognised=int(traps.strays),
    )
    return written if traps.index is None else _with_index(written, plate, traps, listed)


def _write_images(
    root: Path, folder: str, plate: Plate, traps: HarmonyTraps, images: Iterable[Frame]
) -> tuple[dict[Coordinates, str], dict[Coordinates, WrittenImage]]:
    """Write the files; return what the Index is to list, and the planes that have one."""
    listed: dict[Coordinates, str] = {}
    planes: dict[Coordinates, WrittenImage] = {}
    compressions = cycle(_COMPRESSIONS[traps.compression])
    for place, pixels in images:
        name = file_name(place, traps.names)
        if place not in traps.unlisted:
            listed[place] = "" if place in traps.unrecorded else name
        if place in traps.missing or place in traps.unrecorded:
            continue
        path = f"{folder}/{name}"
        tags = []
        if traps.tag:
            told = attrs.evolve(place, site=place.site + 1) if traps.tag_contradicts else place
            content = tag_xml(traps.version, told)
            tags.append((_TAG, 1, len(content), content, True))  # 1: bytes, as Harmony writes it
        tifffile.imwrite(
            root / path,
            pixels,
            compression=next(compressions),
            metadata=None,
            software="openhcs-demo",
            extratags=tags,
        )
        planes[place] = WrittenImage(path, digest(pixels))
    return listed, planes


def file_name(place: Coordinates, form: str) -> str:
    """Return the name of an image in one of the three forms: ``sk``, ``t`` or ``digits``."""
    row, column = parse_well(place.well)
    if form == "digits":
        return f"{row:03d}{column:03d}-{place.site}-{place.z_index:03d}{place.timepoint:03d}{place.channel:03d}.tif"
    stem = f"r{row:02d}c{column:02d}f{place.site:02d}p{place.z_index:02d}"
    if form == "t":
        return f"{stem}-ch{place.channel:02d}t{place.timepoint:02d}.tiff"
    return f"{stem}-ch{place.channel}sk{place.timepoint}fk1fl1.tiff"


def _measurement(plate: Plate) -> str:
    return f"{plate.name}__{plate.started:%Y-%m-%dT%H_%M_%S}-Measurement 1"


def _positions_nm(plate: Plate, jitter_nm: int, rng: random.Random) -> dict[tuple[str, int], tuple[int, int]]:
    """Return (well, site) to its offset from the well's centre, nm, y up as Harmony has it."""
    positions = {}
    for well in plate.wells:
        for site in plate.sites:
            x, y = plate.position_um(well, site)
            missed = rng.randint(-jitter_nm, jitter_nm), rng.randint(-jitter_nm, jitter_nm)
            positions[well, site] = (round(x * 1e3) + missed[0], round(-y * 1e3) + missed[1])
    return positions


def _with_index(
    written: Written, plate: Plate, traps: HarmonyTraps, listed: dict[Coordinates, str]
) -> Written:
    """Add what the Index says."""
    started, offsets = times(plate, listed)
    positions = {(place.well, place.site) for place in listed}
    stacked = any(attrs.evolve(place, z_index=place.z_index + 1) in listed for place in listed)
    heights = sorted({place.z_index for place in listed}) if plate.planes > 1 else []
    told = {place.channel for place in listed} | (set(plate.channels) if traps.channels_in_maps else set())
    return attrs.evolve(
        written,
        missing={place: listed[place] for place in sorted(traps.missing, key=_order)},
        names=(plate.name,),
        channels={
            number: attrs.evolve(plate.channels[number], color=None) if number in told else Channel()
            for number in written.channels
        },
        plate_shape=(plate.rows, plate.columns),
        plate_type=plate.plate_type,
        objective=Objective(
            magnification=plate.objective.magnification,
            numerical_aperture=plate.objective.numerical_aperture,
        ),
        started=started,
        time_offsets_s=offsets,
        grid=_grid(plate, {site for _, site in positions}),
        pixel_size_um=plate.pixel_size_um,
        z_step_um=plate.z_step_um if stacked else None,
        site_positions_um={site: plate.site_position_um(site) for _, site in sorted(positions)},
        well_site_positions_um={
            position: plate.position_um(*position) for position in plate.moved_um if position in positions
        },
        z_positions_um={z: (z - 1) * plate.z_step_um for z in heights},
    )


def _grid(plate: Plate, sites: set[int]) -> tuple[int, int] | None:
    """Return the grid that these sites fill, if they fill one."""
    cells = {plate.cells[site - 1] for site in sites}
    rows, columns = len({row for row, _ in cells}), len({column for _, column in cells})
    return (rows, columns) if len(cells) == rows * columns else None


def _order(place: Coordinates) -> tuple[int, int, int, int, int, int]:
    return place.order
