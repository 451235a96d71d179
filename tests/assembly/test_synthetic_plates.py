"""A plate written with drawn parameters and traps is read back as exactly what was written."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from openhcs_demo.plates import (
    HarmonyTraps,
    ImageXpressTraps,
    Plate,
    digest,
    write_harmony,
    write_imagexpress,
)
from openhcs_demo.scene import noise_images
from openhcs_host import FileManager, Host
from openhcs_host.contracts.images import check_well, image_name, well_name
from openhcs_host.contracts.microscopes import Channel
from openhcs_host.errors import PlateNotRecognisedError
from openhcs_host.plates import open_plate, prepare_workspace

SIZES = [(8, 12), (16, 24), (32, 48)]
NAMES = ["Synthetic", "9987", "Plate 1, day 2", "a.b-c_d", "P_A01_s2_w3", "dye µ 'x'", "B02", "__"]
DYES = ["DAPI", "HOECHST 33342", "Alexa 488, long", 'so-called "red"', "2 µM dye's", "<&>"]
PROPERTY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@st.composite
def channels(draw):
    numbers = draw(st.one_of(st.just([1]), st.sets(st.integers(1, 12), min_size=1, max_size=3).map(sorted)))
    return {
        number: Channel(
            name=draw(st.sampled_from(DYES)),
            excitation_nm=draw(st.sampled_from([None, 385.0, 488.5])),
            emission_nm=draw(st.sampled_from([None, 452.0, 536.5])),
            exposure_ms=draw(st.sampled_from([None, 0.5, 100.0, 1234.0])),
        )
        for number in numbers
    }


@st.composite
def plates(draw, reading_order):
    rows, columns = draw(st.sampled_from(SIZES))
    wells = st.builds(well_name, st.integers(1, rows), st.integers(1, columns))
    planes = draw(st.sampled_from([1, 1, 2, 3, 11]))
    most = 4 if planes < 11 else 1
    grid = draw(st.sampled_from([(1, 1), (1, 1), (1, 2), (2, 2), (2, 3)]))
    cells = [(row, column) for row in range(grid[0]) for column in range(grid[1])]
    if len(cells) > 3 and draw(st.booleans()):
        cells.pop()  # an orphan: the others no longer fill the grid
    if not reading_order:
        cells = draw(st.permutations(cells))
    plate = Plate(
        name=draw(st.sampled_from(NAMES)),
        rows=rows,
        columns=columns,
        wells=tuple(sorted(draw(st.sets(wells, min_size=1, max_size=most)), key=check_well)),
        grid=grid,
        cells=tuple(cells),
        channels=draw(channels()),
        planes=planes,
        timepoints=draw(st.sampled_from([1, 1, 2])),
        height=draw(st.integers(2, 5)),
        width=draw(st.integers(2, 7)),
        pixel_size_um=draw(st.sampled_from([0.598, 0.65, 1.3672])),
        z_step_um=draw(st.sampled_from([0.5, 1.0, 3.25])),
        started=datetime(
            2024, 2, 29, 23, 59, 58, 250000, timezone(timedelta(hours=draw(st.integers(-5, 5))))
        ),
    )
    if len(plate.wells) > 2 and draw(st.booleans()):
        moved = draw(st.sampled_from(plate.wells)), draw(st.sampled_from(plate.sites))
        plate = attrs.evolve(plate, moved_um={moved: (25.0, -12.5)})
    elif draw(st.booleans()):
        plate = attrs.evolve(plate, absent=draw(some_of(plate)))
    return plate


def places(plate):
    return [place for well in plate.wells for site in plate.sites for place in plate.stacks_of(well, site)]


def some_of(plate):
    """Up to three places, or a whole site of one well."""
    everywhere = places(plate)
    site = st.sampled_from(everywhere).map(
        lambda chosen: {
            place for place in everywhere if (place.well, place.site) == (chosen.well, chosen.site)
        }
    )
    few = st.sets(st.sampled_from(everywhere), max_size=3)
    return st.one_of(few, site).filter(lambda absent: len(absent) < len(everywhere)).map(frozenset)


@st.composite
def imagexpress(draw):
    plate = draw(plates(reading_order=True))
    folders = plate.planes > 1
    flat = plate.timepoints == 1
    layout = draw(st.sampled_from(["export", "database", *(["flat"] if flat else [])]))
    z = draw(st.sampled_from(["after", "before", *([] if layout == "flat" else ["folders"] * 2)]))
    if folders and z != "folders":
        folders = False
    projections = draw(st.sampled_from(["parent", "ZStep_0", None])) if folders else None
    numbers = set(plate.channels)
    few = st.sets(st.sampled_from(sorted(numbers))).map(frozenset)
    projected = draw(few) if (projections or plate.planes == 1) else frozenset()
    if projected == numbers:
        projected = frozenset()
    traps = ImageXpressTraps(
        layout=layout,
        parents=draw(st.sampled_from([(), ("screen 1", "a.b")])),
        date_level=draw(st.booleans()),
        timepoint_folder=draw(st.sampled_from(["TimePoint", "Timepoint"])),
        z=z,
        projections=projections,
        prefix=draw(st.sampled_from([None, None, "", *NAMES])),
        site_token=plate.grid != (1, 1) or draw(st.booleans()),
        wave_token=list(plate.channels) != [1] or draw(st.booleans()),
        guid=draw(st.sampled_from([None, "upper", "lower", "bracketed"])),
        thumbnails=draw(st.sampled_from([None, "_thumb", "_thumb_"])),
        extension=draw(st.sampled_from([".TIF", ".tif", ".tiff"])),
        htd=draw(st.sampled_from([None, "top", "everywhere", *(["inside"] if layout == "export" else [])])),
        htd_extension=draw(st.sampled_from([".HTD", ".htd"])),
        htd_stem=draw(st.sampled_from([None, "other stem"])),
        htd_more=draw(st.frozensets(st.sampled_from(["wells", "waves", "z", "timepoints", "projections"]))),
        htd_line_break=draw(st.booleans()),
        htd_encoding=draw(st.sampled_from(["utf-8", "cp1252"])),
        headers=draw(st.sampled_from([True, True, False])),
        jitter_um=draw(st.sampled_from([0.0, 0.1])),
        single=draw(few) - projected if plate.planes > 1 else frozenset(),
        first_time_only=draw(few) - projected if plate.timepoints > 1 else frozenset(),
        projected=projected,
        filled=draw(st.booleans()),
        strays=draw(st.booleans()),
    )
    return plate, traps


@st.composite
def harmony(draw):
    plate = draw(plates(reading_order=False))
    everywhere = frozenset(places(plate)) - plate.absent
    index = draw(st.sampled_from(["beside", "parent", None]))
    chosen = {"missing": frozenset(), "unrecorded": frozenset(), "unlisted": frozenset()}
    if index is not None:
        for name in chosen:
            rest = sorted(everywhere - frozenset().union(*chosen.values()), key=lambda place: place.order)
            # One plane at least is left that the Index lists and that has a file.
            limit = min(3, len(rest) - 1)
            chosen[name] = draw(st.sets(st.sampled_from(rest), max_size=limit).map(frozenset))
    version = draw(st.sampled_from([4, 5, 6, 7]))
    settings = {
        "index_name": draw(st.sampled_from([None, "Index.idx.xml", "Index.xml"])),
        "names": draw(st.sampled_from([None, "sk", "t", "digits"])),
        "timepoint_ids_from": draw(st.sampled_from([None, 0, 1])),
    }
    traps = HarmonyTraps(
        version=version,
        index=index,
        images_folder=draw(st.sampled_from(["Images", "images"])),
        measurement_folder=draw(st.booleans()),
        bom=draw(st.booleans()),
        jitter_nm=draw(st.sampled_from([0, 40])),
        shuffled=draw(st.booleans()),
        decoy_map=draw(st.sampled_from(["first", "last"])),
        compression=draw(st.sampled_from([None, "lzw", "deflate", "mixed"])),
        tag=draw(st.booleans()),
        assay_layout=draw(st.booleans()),
        strays=draw(st.booleans()),
        **chosen,
        **{name: value for name, value in settings.items() if value is not None},
    )
    return plate, traps


@pytest.fixture(scope="module")
def host():
    with Host() as host:
        yield host


def assert_same_images(host, reading, written, folder):
    """Planes, projections and missing planes, and the pixels through the virtual workspace."""
    assert reading.microscope == written.microscope
    assert {plane.coordinates: plane.path for plane in reading.planes} == {
        place: image.path for place, image in written.planes.items()
    }
    assert {(p.well, p.site, p.channel, p.timepoint): p.path for p in reading.projections} == {
        place: image.path for place, image in written.projections.items()
    }
    assert {plane.coordinates: plane.path for plane in reading.missing} == written.missing
    assert reading.skipped.thumbnails == written.thumbnails
    assert reading.skipped.unrecognised == written.unrecognised
    prepare_workspace(reading, folder)
    files = FileManager(host)
    files.get_backend("virtual_workspace").mount(reading.root, folder)
    virtual = {
        image_name(place, Path(image.path).suffix.lower()): image.digest
        for place, image in written.planes.items()
    }
    for (well, site, channel, timepoint), image in written.projections.items():
        suffix = Path(image.path).suffix.lower()
        name = f"{well}_s{site:03d}_w{channel}_t{timepoint:03d}{suffix}"
        virtual[f"projections/{name}"] = image.digest
    found = {name: digest(files.load(reading.root / name, "virtual_workspace")) for name in virtual}
    assert found == virtual


def assert_same_metadata(reading, written, plate, *, whole, jitter_um):
    """What the plate tells of itself; where images are lacking, ``whole`` is false, less may be known."""
    assert reading.plate_name in written.names
    assert dict(reading.channels) == dict(written.channels)
    assert (reading.plate_shape, reading.plate_type) == (written.plate_shape, written.plate_type)
    assert reading.objective == written.objective
    assert reading.pixel_size_um == written.pixel_size_um
    assert reading.grid == written.grid or (plate.moved_um and reading.grid is None)
    for mine, theirs in (
        (reading.site_positions_um, written.site_positions_um),
        (reading.well_site_positions_um, written.well_site_positions_um),
    ):
        assert mine.keys() == theirs.keys()
        for key, position in theirs.items():
            assert mine[key] == pytest.approx(position, abs=0.011 + jitter_um)
    assert reading.z_step_um == written.z_step_um or (reading.z_step_um is None and not whole)
    heights = dict(reading.z_positions_um)
    if plate.planes > 1:
        assert heights.keys() <= written.z_positions_um.keys()
        assert not whole or heights.keys() == written.z_positions_um.keys()
        shifts = [height - written.z_positions_um[z] for z, height in heights.items()]
        assert shifts == pytest.approx(shifts[:1] * len(shifts), abs=0.002)
    a_round = timedelta(seconds=0.05 * len(places(attrs.evolve(plate, absent=frozenset()))))
    assert (reading.started is None) == (written.started is None)
    if written.started is not None:
        assert abs(reading.started - written.started) <= (timedelta(0) if whole else a_round)
        offsets = pytest.approx(dict(written.time_offsets_s), abs=a_round.total_seconds())
        assert dict(reading.time_offsets_s) == offsets


def problems_of(reading):
    return "\n".join(reading.problems)


@PROPERTY
@given(drawn=imagexpress(), deep=st.booleans(), seed=st.integers(0, 999))
def test_an_imagexpress_plate_is_read_back_as_it_was_written(host, drawn, deep, seed):
    plate, traps = drawn
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "plate")
        try:
            written = write_imagexpress(root, plate, noise_images(plate, seed), traps, seed=seed)
        except ValueError as error:
            assume("no plane" not in str(error))
            raise
        bare = not (traps.site_token or traps.wave_token or traps.guid or traps.htd)
        if bare and not any("TimePoint_" in image.path for image in written.planes.values()):
            in_folders = any(
                "oint_" in image.path or "ZStep_" in image.path for image in written.planes.values()
            )
            if not in_folders:
                event("nothing proves the microscope")
                with pytest.raises(PlateNotRecognisedError, match="MetaXpress image name"):
                    open_plate(host, root)
                return
        reading = open_plate(host, root, deep=deep)
        assert_same_images(host, reading, written, Path(folder, "workspace"))
        whole = not (plate.absent or traps.single or traps.first_time_only or traps.projected)
        assert_same_metadata(reading, written, plate, whole=whole, jitter_um=traps.jitter_um)
        for expected in imagexpress_problems(plate, traps, written, deep):
            event(f"problem: {expected}")
            assert expected in problems_of(reading)


def imagexpress_problems(plate, traps, written, deep):
    """What must be said of such a plate."""
    if traps.htd is not None:
        if "wells" in traps.htd_more and well_name(plate.rows, plate.columns) not in plate.wells:
            yield "selects"
        if "waves" in traps.htd_more and traps.wave_token:
            yield "announces channels that no file has"
        if "z" in traps.htd_more:
            yield "announces z planes"
        if "timepoints" in traps.htd_more:
            yield "announces time points"
        if written.missing:
            yield "that no file holds"
    if traps.projected and traps.projections:
        yield "as projections only"
    if traps.projected and not traps.projections and traps.headers:
        yield "are projections"
    if deep and written.copies and traps.headers:
        yield "filled copies"


@PROPERTY
@given(drawn=harmony(), deep=st.booleans(), seed=st.integers(0, 999))
def test_a_harmony_plate_is_read_back_as_it_was_written(host, drawn, deep, seed):
    plate, traps = drawn
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "plate")
        written = write_harmony(root, plate, noise_images(plate, seed), traps, seed=seed)
        reading = open_plate(host, root, deep=deep)
        assert_same_images(host, reading, written, Path(folder, "workspace"))
        whole = not (plate.absent or traps.missing or traps.unrecorded or traps.unlisted)
        assert_same_metadata(reading, written, plate, whole=whole, jitter_um=traps.jitter_nm / 1000)
        for expected in harmony_problems(plate, traps, written):
            event(f"problem: {expected}")
            assert expected in problems_of(reading)


def harmony_problems(plate, traps, written):
    """What must be said of such a plate."""
    if traps.missing:
        yield "no file"
    if traps.unrecorded:
        yield "not recorded"
    if traps.unlisted:
        yield "does not list"
    if traps.index and plate.full_grid is None and len(written.site_positions_um) == len(plate.cells):
        yield "grid"


def test_a_tag_that_contradicts_the_index_is_said_and_not_believed(host, tmp_path):
    plate = Plate(grid=(1, 2))
    traps = HarmonyTraps(tag_contradicts=True)
    written = write_harmony(tmp_path / "plate", plate, noise_images(plate, 1), traps)
    reading = open_plate(host, tmp_path / "plate", deep=True)
    assert {plane.coordinates for plane in reading.planes} == written.planes.keys()
    assert "tag 65500" in problems_of(reading)


@pytest.mark.parametrize("write", [write_imagexpress, write_harmony])
def test_a_plate_without_traps_has_no_problems(host, tmp_path, write):
    dyes = {1: Channel(name="DAPI", emission_nm=452.0, exposure_ms=100.0), 2: Channel(name="FITC")}
    plate = Plate(wells=("A01", "P24"), grid=(2, 2), channels=dyes, planes=3, timepoints=2)
    written = write(tmp_path / "plate", plate, noise_images(plate, 1))
    reading = open_plate(host, tmp_path / "plate", deep=True)
    assert reading.problems == ()
    assert_same_images(host, reading, written, tmp_path / "workspace")
    assert_same_metadata(reading, written, plate, whole=True, jitter_um=0.0)


def test_the_last_well_of_a_1536_well_plate_is_read(host, tmp_path):
    plate = Plate(rows=32, columns=48, wells=("A01", "Z48", "AA01", "AF48"))
    for write in (write_imagexpress, write_harmony):
        root = tmp_path / write.__name__
        write(root, plate, noise_images(plate, 1))
        reading = open_plate(host, root)
        assert reading.wells == plate.wells and reading.plate_shape == (32, 48)
