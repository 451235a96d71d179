"""Making the report of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs

from openhcs_host import FileManager, Host
from openhcs_host.contracts.microscopes import PlateReading
from openhcs_host.errors import InvalidPathError, MetadataError, OpenHCSError, PathExistsError, StorageError
from openhcs_host.files.atomic import atomic_write
from openhcs_host.plates.metadata import read_metadata
from openhcs_host.plates.wording import shown
from openhcs_report.heat_map import PlateState
from openhcs_report.page import GENERATOR, Pictures, page
from openhcs_report.plate_layout import places_of, shape_of_plate
from openhcs_report.plates import input_plate, output_plate
from openhcs_report.representatives import representatives
from openhcs_report.result_tables import Measurement, read_tables
from openhcs_report.results_section import DRAWN
from openhcs_report.run_record import Run, read_run
from openhcs_report.thumbnails import edge_for, thumbnails_of

__all__ = ["FILE_NAME", "Report", "make_report"]

FILE_NAME: Final = "report.html"
"""Name of the report in the run's folder, unless another is given."""
_RESULTS: Final = "images_results"
_HEAD: Final = 4096


@attrs.frozen
class Report:
    """What was written."""

    output: Path
    """The HTML file."""
    size: int
    """Its bytes."""
    wells: int
    """Wells that the run worked on."""
    failed: int
    """Those that failed."""
    heat_maps: tuple[str, ...]
    """What is drawn over the plate, as ``table: column``."""
    thumbnails: int
    """Images shown."""
    problems: tuple[str, ...]
    """What could not be used, one sentence each; the page says it too."""


def make_report(
    host: Host,
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    overwrite: bool = False,
) -> Report:
    """Write one self-contained HTML file about the run whose output is ``folder``.

    Images or tables that cannot be read are told in the page; the rest is still shown. Raises
    ``PathNotFoundError`` or ``PathNotDirectoryError`` when the folder is no run, ``MetadataError`` when its
    record is corrupt, ``PathExistsError`` when ``output`` exists, unless it is an earlier report and
    ``overwrite`` says to replace it, and ``InvalidPathError`` when it lies inside the input plate.
    """
    run = read_run(folder)
    target = Path(output).absolute() if output is not None else run.folder.absolute() / FILE_NAME
    _check_target(target, run, overwrite)
    files = FileManager(host)
    problems: list[str] = []
    made, made_absent = _attempt(lambda: output_plate(host, run), problems, "The run's images are not shown")
    read, read_absent = _attempt(lambda: input_plate(run), problems, "The input plate's images are not shown")
    tables = read_tables(files, f"{run.folder.absolute().as_posix()}/{_results_folder(run, problems)}")
    problems += tables.problems
    readings = [reading for reading in (made, read) if reading is not None]
    plate = _state(run, readings, tables.measurements)
    edge = edge_for(sum(len(each.paths) for r in readings for each in representatives(r.planes).values()))
    pictures = [
        Pictures(tuple(thumbnails_of(files, reading, edge)) if reading else (), absent)
        for reading, absent in ((made, made_absent), (read, read_absent))
    ]
    content = page(run, plate, tables.measurements, pictures[0], pictures[1], problems).encode()
    _write(target, content, overwrite)
    return Report(
        target,
        len(content),
        len(run.wells),
        sum(not well.finished for well in run.wells.values()),
        tuple(f"{measured.table}: {measured.label}" for measured in tables.measurements[:DRAWN]),
        sum(len(channel.pictures) for each in pictures for channel in each.channels),
        tuple(problems),
    )


def _check_target(target: Path, run: Run, overwrite: bool) -> None:
    if run.plate and target.resolve().is_relative_to(Path(run.plate).resolve()):
        raise InvalidPathError(
            f"the report {str(target)!r} would lie inside the input plate, which is never written to; "
            "name another file with --output"
        )
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise PathExistsError(f"{str(target)!r} exists; name another file with --output, or pass --overwrite")
    with open(target, "rb") as stream:
        if f'content="{GENERATOR} '.encode() not in stream.read(_HEAD):
            raise PathExistsError(
                f"{str(target)!r} is no earlier report, so it is not replaced; name another file with --output"
            )


def _attempt(
    reading: Callable[[], PlateReading], problems: list[str], consequence: str
) -> tuple[PlateReading | None, str | None]:
    """Read a plate; one that cannot be read is a sentence of the report."""
    try:
        return reading(), None
    except (OpenHCSError, OSError) as error:
        problems.append(f"{consequence}: {error}")
        return None, problems[-1]


def _results_folder(run: Run, problems: list[str]) -> str:
    """Return the folder of the tables, as the output's metadata names it."""
    try:
        records = read_metadata(run.folder)
    except FileNotFoundError:
        return _RESULTS
    except MetadataError as error:
        problems.append(str(error))
        return _RESULTS
    named = next(
        (record["results_dir"] for record in records.values() if record.get("results_dir")), _RESULTS
    )
    if isinstance(named, str) and not os.path.isabs(named) and ".." not in Path(named).parts:
        return named
    problems.append(f"the metadata names {shown(named)} as the folder of tables; {_RESULTS} was read")
    return _RESULTS


def _state(run: Run, readings: list[PlateReading], measurements: tuple[Measurement, ...]) -> PlateState:
    worked = {**run.wells, **dict.fromkeys(well for measured in measurements for well in measured.values)}
    wells = [*worked, *(well for reading in readings for well in reading.wells)]
    declared = next((reading.plate_shape for reading in readings if reading.plate_shape), None)
    failed = {
        name: f"in {failure.step}: {failure.error}" if failure.step else failure.error
        for name, failure in run.failures.items()
        if name in places_of([name])
    }
    unexplained = {name: "no reason recorded" for name, well in run.wells.items() if not well.finished}
    return PlateState(shape_of_plate(wells, declared), tuple(run.wells), unexplained | failed)


def _write(target: Path, content: bytes, overwrite: bool) -> None:
    try:
        with atomic_write(str(target), overwrite=overwrite) as stream:
            stream.write(content)
    except OpenHCSError:
        raise
    except OSError as error:
        raise StorageError(
            f"cannot write {str(target)!r}: {error.strerror or error}; name another file with --output"
        ) from error
