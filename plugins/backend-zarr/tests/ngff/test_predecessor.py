"""Stores of the predecessor, written from what lies on disk: three generations, two prefixes, two strategies."""

from __future__ import annotations

import json

import pytest

from openhcs_backend_zarr.contents import open_contents
from openhcs_backend_zarr.ngff.documents import LocalReader
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_host.errors import PlateConflictError, PlateError

SIZE = (8, 10)


def name(site, channel, z, t=1, well="B02"):
    return f"{well}_s{site:03d}_w{channel}_z{z:03d}_t{t:03d}.tif"


@pytest.fixture
def old(make, tmp_path):
    """Writes the plate B02 with two sites, two channels, three planes, as a generation does."""

    def write(generation: int, prefix: str = "polystore"):
        store = make.Store(tmp_path / f"g{generation}", "0.4")
        rows, columns = [{"name": "B"}], [{"name": "02"}]
        wells = [{"path": "B/02", "rowIndex": 0, "columnIndex": 0}]
        plate = {
            "rows": rows,
            "columns": columns,
            "wells": wells,
            "name": "Polystore_Plate",
            "version": "0.4",
        }
        store.group("", {"ome": {"version": "0.4"}, "plate": plate} if generation < 3 else {"plate": plate})
        store.group("B", {})
        places = [(s, c, z) for s in (1, 2) for c in (1, 2) for z in (1, 2, 3)]
        fields = ["0"] if generation < 3 else ["0", "1"]
        well = {"well": {"images": [{"path": field} for field in fields], "version": "0.4"}}
        # The middle generation writes both places, with contradicting versions.
        both = (
            {"ome": {"version": "0.5", "well": {**well["well"], "version": "0.5"}}} if generation == 2 else {}
        )
        store.group("B/02", {**well, **both})
        for number, field in enumerate(fields):
            if generation < 3:
                names = {name(*p): [p[0] - 1, p[1] - 1, p[2] - 1] for p in places}
                letters, shape = ("field", "c", "z", "y", "x"), (2, 2, 3, *SIZE)
            else:
                names = {name(*p): [p[1] - 1, p[2] - 1] for p in places if p[0] == number + 1}
                letters, shape = ("c", "z", "y", "x"), (2, 3, *SIZE)
            array = f"B/02/{field}"
            if generation > 1:
                axes = [{"name": n, "type": n if n == "field" else "space"} for n in letters]
                steps = [{"type": "scale", "scale": [1.0] * len(axes)}]
                levels = [{"path": "0", "coordinateTransformations": steps}]
                store.group(array, {"multiscales": [{"axes": axes, "datasets": levels, "version": "0.4"}]})
                array = f"{array}/0"
            store.array(array, shape)
            attributes = {
                f"{prefix}_filename_map": names,
                f"{prefix}_output_paths": [f"/gone/images/{n}" for n in names],
            }
            (store.root / array / ".zattrs").write_text(json.dumps(attributes))
        return store

    return write


@pytest.mark.parametrize("prefix", ["openhcs", "polystore"])
@pytest.mark.parametrize("generation", [1, 2, 3])
def test_every_generation_is_the_same_plate(old, generation, prefix):
    reading = old(generation, prefix).read()
    assert [plane.path for plane in reading.planes] == [
        name(s, c, z) for s in (1, 2) for c in (1, 2) for z in (1, 2, 3)
    ]
    assert reading.plate_name == "Polystore_Plate"
    assert reading.pixel_size_um is None and reading.site_positions_um == {}


@pytest.mark.parametrize(
    ("generation", "array", "index"),
    [(1, "B/02/0", (1, 0, 2)), (2, "B/02/0/0", (1, 0, 2)), (3, "B/02/1/0", (0, 2))],
)
def test_planes_are_found_in_their_arrays(old, generation, array, index):
    contents = open_contents(LocalReader(old(generation).root))
    listed, _ = contents.images()
    fields = [
        field
        for site, image in listed["B02"]
        for field in contents.fields_of("B02", image, site, ImageParser())[0]
    ]
    assert [field.site for field in fields] == [1, 2]
    assert fields[1].arrays == (array,)
    assert fields[1].index(1, 3, 1) == index
    assert fields[1].index(9, 1, 1) is None


def test_sites_and_channels_are_those_of_the_names(old):
    store = old(3)
    file = store.root / "B/02/1/0/.zattrs"
    content = json.loads(file.read_text())
    content["polystore_filename_map"] = {name(7, 4, 9): [0, 0], name(7, 5, 9): [1, 0]}
    file.write_text(json.dumps(content))
    reading = store.read()
    assert reading.sites == (1, 7) and sorted(reading.channels) == [1, 2, 4, 5]


def _change(store, names):
    file = store.root / "B/02/0/0/.zattrs"
    file.write_text(json.dumps({"polystore_filename_map": names}))


def test_names_that_are_no_planes_of_the_well_are_said(old):
    store = old(2)
    _change(
        store, {name(1, 1, 1): [0, 0, 0], "overview.png": [0, 0, 1], name(1, 1, 1, well="C05"): [0, 0, 2]}
    )
    reading = store.read()
    assert len(reading.planes) == 1
    assert any("maps 2 names that name no plane of well B02" in problem for problem in reading.problems)


@pytest.mark.parametrize("index", [[0, 0, 3], [-1, 0, 0], [0, 0], [0, 0, 0, 0], "0", [0, 0, 0.5], None])
def test_a_map_that_leads_outside_its_array_is_refused(old, index):
    store = old(2)
    _change(store, {name(1, 1, 1): index})
    with pytest.raises(PlateError, match=r"B/02/0/0"):
        store.read()


def test_two_names_of_one_plane_are_a_conflict(old):
    store = old(2)
    _change(store, {name(1, 1, 1): [0, 0, 0], name(1, 1, 1) + "f": [0, 0, 1]})
    with pytest.raises(PlateConflictError, match="two names of its map"):
        store.read()
