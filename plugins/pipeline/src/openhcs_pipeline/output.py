"""The output folder of a run: cleared before, described after, and never holding what nothing vouches for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from openhcs_host import Backend, FileManager
from openhcs_host.contracts.images import Coordinates, image_name, parse_image_name
from openhcs_host.contracts.microscopes import PlateStore
from openhcs_host.errors import InvalidPathError, PathExistsError
from openhcs_host.files.atomic import is_temporary
from openhcs_host.plates import prepare_workspace
from openhcs_host.plates.metadata import FILE_NAME, update_metadata
from openhcs_host.plates.records import acquisition_fields
from openhcs_pipeline.journal import FOLDER, Journal
from openhcs_pipeline.plan import Plan
from openhcs_pipeline.record import RECORD_NAME
from openhcs_pipeline.well import WellResult

__all__ = [
    "clear_intermediates",
    "clear_output",
    "describe_output",
    "discard_well",
    "keep_only",
    "prepare_output",
]


def clear_output(plan: Plan, files: FileManager, *, overwrite: bool) -> None:
    """Remove an earlier run's results if ``overwrite`` says so.

    Raises ``PathExistsError`` when the output has content and it does not, or nothing shows that the content
    is a run's.
    """
    output = plan.output.as_posix()
    # What describes a run is always on disk, its images perhaps elsewhere under the same path.
    backends = list(dict.fromkeys((*plan.vfs.materialization_backends, Backend.DISK.value)))
    used = [key for key in backends if files.exists(output, key) and files.list_dir(output, key)]
    begun = Journal(plan.output).exists()
    # A run that was killed while it wrote down which one it is has done nothing else.
    if not begun and all(files.list_dir(output, key) == [FOLDER] for key in used):
        return
    if not overwrite:
        advice = "name another folder, or pass overwrite" + (", or resume the run in it" if begun else "")
        raise PathExistsError(f"the output {output!r} is not empty; {advice}")
    if not begun and not files.exists(f"{output}/{RECORD_NAME}", Backend.DISK):
        raise PathExistsError(
            f"the output {output!r} holds no earlier run, so nothing in it is replaced; name another folder"
        )
    results = _earlier_results(output, used, files)
    # The record goes last: until then another attempt knows what this folder is.
    for name in (*results, "intermediates", "workspace", FILE_NAME, FOLDER, RECORD_NAME):
        for key in used:
            if files.exists(f"{output}/{name}", key):
                files.delete(f"{output}/{name}", key, recursive=True)


def _earlier_results(output: str, backends: Sequence[str], files: FileManager) -> list[str]:
    """Return the names of the folders of images and tables that any run may have made here."""
    stems = ("images", *(f"images_{key}" for key in files.host.index.keys("backend")))
    names = {name for stem in stems for name in (stem, f"{stem}_results")}
    there = {name for key in backends for name in files.list_dir(output, key)}
    return sorted(names & there)


def prepare_output(plan: Plan, files: FileManager) -> None:
    """Write what must be there before the first well: the plate's mapping, and what stores of plates need."""
    prepare_workspace(plan.reading, plan.workspace)
    for backend in plan.vfs.materialization_backends:
        target = files.get_backend(backend)
        if isinstance(target, PlateStore):
            target.prepare_plate(plan.images_in(backend).as_posix(), plan.reading)


def keep_only(plan: Plan, files: FileManager, wells: Collection[str]) -> None:
    """Remove images and files of all other wells, and the plate's tables: nothing vouches for them."""
    others = set(plan.wells) - set(wells)
    tables = tuple(declared.name for declared in plan.gathered)
    _remove(plan, files, others, tables)
    for path in _unfinished_writes(plan):
        os.unlink(path)


def discard_well(plan: Plan, files: FileManager, well: str) -> None:
    """Remove what a well left whose process died."""
    _remove(plan, files, {well}, ())


def _remove(plan: Plan, files: FileManager, wells: Collection[str], tables: tuple[str, ...]) -> None:
    """Remove the images and the folders of wells, and tables by the beginnings of their names; nothing else."""
    for backend in plan.vfs.materialization_backends:
        folder = plan.images_in(backend).as_posix()
        for path in files.list_files(folder, backend) if files.exists(folder, backend) else ():
            if _well_of(path) in wells:
                files.delete(path, backend)
        results = plan.results_in(backend).as_posix()
        for name in files.list_dir(results, backend) if files.exists(results, backend) else ():
            if name in wells or name.startswith(tables):
                files.delete(f"{results}/{name}", backend, recursive=True)


def _well_of(path: str) -> str | None:
    try:
        return parse_image_name(path.rsplit("/", 1)[1]).well
    except InvalidPathError:
        return None  # whatever it is, no run wrote it


def clear_intermediates(plan: Plan, files: FileManager) -> None:
    """Remove what wells that were cut off left between steps."""
    for backend in {plan.vfs.read_backend, plan.vfs.intermediate_backend}:
        if files.is_dir(plan.intermediates, backend):
            files.delete(plan.intermediates, backend, recursive=True)


def describe_output(plan: Plan, wells: Sequence[WellResult]) -> None:
    """Write the records that make the output a plate, one for each backend that holds it."""
    done = [well for well in wells if well.failure is None]
    images = [coordinates for well in done for coordinates in well.images]
    for number, backend in enumerate(plan.vfs.materialization_backends):
        folder = plan.images_in(backend).name
        fields = _image_fields(plan, images, folder)
        fields |= {
            "available_backends": {backend: True},
            "wells": {well.well: None for well in done},
            "main": number == 0,
            "results_dir": plan.results_in(backend).name,
        }
        update_metadata(plan.output, folder, fields)


def _image_fields(plan: Plan, images: Sequence[Coordinates], folder: str) -> dict[str, object]:
    reading = plan.reading
    return {
        "microscope_handler_name": "openhcsdata",
        "source_filename_parser_name": "openhcsdata",
        **acquisition_fields(reading),
        "image_files": [f"{folder}/{image_name(coordinates)}" for coordinates in images],
        "channels": {str(c): reading.channel_names[c] for c in sorted({i.channel for i in images})},
        "sites": {str(site): None for site in sorted({i.site for i in images})},
        "z_indexes": {str(z): None for z in sorted({i.z_index for i in images})},
        "timepoints": {str(t): None for t in sorted({i.timepoint for i in images})},
    }


def _unfinished_writes(plan: Plan) -> Iterator[str]:
    for folder, _, names in os.walk(plan.output):
        yield from (os.path.join(folder, name) for name in names if is_temporary(name))
