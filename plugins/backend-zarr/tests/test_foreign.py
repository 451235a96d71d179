"""Plates of other programs, and of the predecessor: every plane is listed, found and loaded, whatever the names are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorstore as ts

from openhcs_host.contracts.images import Coordinates, image_name, parse_image_name
from openhcs_host.errors import PathNotFoundError, PlateError

AXES = {"t": "time", "c": "channel"}


class Foreign:
    """Writes a plate as others do: documents by hand, arrays by tensorstore."""

    def __init__(self, root: Path, version: str) -> None:
        self.root, self.version, self.pixels = root, version, {}

    def group(self, path: str, content: dict) -> None:
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        if self.version == "0.5":
            attributes = {"ome": {"version": "0.5", **content}}
            document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
            (folder / "zarr.json").write_text(json.dumps(document))
        else:
            (folder / ".zgroup").write_text('{"zarr_format": 2}')
            (folder / ".zattrs").write_text(json.dumps(content))

    def plate(self, wells: dict[str, list[str]], **facts: object) -> None:
        rows = sorted({path.split("/")[0] for path in wells})
        columns = sorted({path.split("/")[1] for path in wells})
        listed = [
            {
                "path": p,
                "rowIndex": rows.index(p.split("/")[0]),
                "columnIndex": columns.index(p.split("/")[1]),
            }
            for p in wells
        ]
        named = {"rows": [{"name": n} for n in rows], "columns": [{"name": n} for n in columns]}
        self.group("", {"plate": {**named, "wells": listed, **facts}})
        for path, names in wells.items():
            self.group(path.split("/")[0], {})
            self.group(path, {"well": {"images": [{"path": name} for name in names]}})

    def image(self, path: str, pixels: np.ndarray, axes: str = "tczyx", level: str = "0", **metadata) -> None:
        described = [{"name": letter, "type": AXES.get(letter, "space")} for letter in axes]
        step = {"type": "scale", "scale": [1.0] * len(axes)}
        levels = [{"path": level, "coordinateTransformations": [step]}]
        self.group(path, {"multiscales": [{"axes": described, "datasets": levels}]})
        spec = {
            "driver": "zarr3" if self.version == "0.5" else "zarr",
            "kvstore": {"driver": "file", "path": f"{self.root}/{path}/{level}/"},
            "metadata": {"shape": pixels.shape, **metadata},
            "create": True,
        }
        if self.version == "0.4":
            spec["metadata"].setdefault("dtype", pixels.dtype.str)
            spec["metadata"].setdefault("chunks", [1] * (pixels.ndim - 2) + [5, 7])
        else:
            spec["metadata"].setdefault("data_type", pixels.dtype.name)
            grid = {"chunk_shape": [1] * (pixels.ndim - 2) + [5, 7]}
            spec["metadata"].setdefault("chunk_grid", {"name": "regular", "configuration": grid})
        ts.open(spec).result().write(pixels).result()
        self.pixels[path] = pixels


def stack(number: int, shape: tuple[int, ...] = (2, 2, 3, 10, 14), dtype: str = "u2") -> np.ndarray:
    """Return pixels that no other number gives."""
    return np.random.default_rng(number).integers(1, 120, shape).astype(dtype)


@pytest.fixture(params=["0.4", "0.5"])
def foreign(request, tmp_path):
    return Foreign(tmp_path / "theirs", request.param)


def assert_shows(zarr, foreign, sites: dict[tuple[str, int], str]) -> None:
    """Reading, listing and loading agree, plane by plane, with the pixels of the images at these sites."""
    root = foreign.root.as_posix()
    reading = zarr.read_plate(root)
    names = [plane.path for plane in reading.planes]
    assert sorted(zarr.list_files(root)) == sorted(f"{root}/{name}" for name in names)
    expected = {}
    for (well, site), path in sites.items():
        pixels = foreign.pixels[path]
        whole = pixels.reshape((1,) * (5 - pixels.ndim) + pixels.shape)
        for t, c, z in np.ndindex(whole.shape[:3]):
            expected[image_name(Coordinates(well, site, c + 1, z + 1, t + 1))] = whole[t, c, z]
    assert sorted(expected) == sorted(names)
    for name in names:
        assert zarr.is_file(f"{root}/{name}")
    for name, found in zip(names, zarr.load_batch([f"{root}/{name}" for name in names]), strict=True):
        np.testing.assert_array_equal(found, expected[name])
        assert found.dtype == expected[name].dtype.newbyteorder("=")
    here = parse_image_name(names[-1])
    beyond = image_name(Coordinates(here.well, here.site + 1, 1))
    assert not zarr.exists(f"{root}/{beyond}")
    with pytest.raises(PathNotFoundError):
        zarr.load(f"{root}/{beyond}")


@pytest.mark.parametrize(
    ("names", "sites"),
    [
        (["0", "1"], [1, 2]),
        (["5", "2"], [5, 2]),
        (["0", "5", "10"], [1, 2, 3]),
        (["A1", "0_FOV"], [2, 1]),
        (["fov_10", "fov_9"], [2, 1]),
        (["01", "2"], [1, 2]),
    ],
)
def test_sites_are_numbers_from_one_or_ranks_among_all_names(zarr, foreign, names, sites):
    foreign.plate({"A/1": names, "B/2": names[-1:]})
    for number, (well, name) in enumerate([*(("A/1", n) for n in names), ("B/2", names[-1])]):
        foreign.image(f"{well}/{name}", stack(number))
    shown = {("A01", site): f"A/1/{name}" for site, name in zip(sites, names, strict=True)}
    assert_shows(zarr, foreign, {**shown, ("B02", sites[-1]): f"B/2/{names[-1]}"})


@pytest.mark.parametrize(
    ("axes", "shape"),
    [("yx", (10, 14)), ("zyx", (3, 10, 14)), ("cyx", (2, 10, 14)), ("czyx", (2, 3, 10, 14))],
)
def test_images_of_fewer_axes_have_the_number_one_along_the_others(zarr, foreign, axes, shape):
    foreign.plate({"C/03": ["0"]})
    pixels = stack(1, shape)
    foreign.image("C/03/0", pixels, axes, level="s0")
    foreign.pixels["C/03/0"] = pixels[:, None] if axes == "cyx" else pixels
    assert_shows(zarr, foreign, {("C03", 1): "C/03/0"})


def test_fields_of_two_acquisitions_are_sites_of_their_own(zarr, foreign):
    foreign.plate({"A/01": ["0", "1"]}, acquisitions=[{"id": 0}, {"id": 1}])
    images = [{"path": "0", "acquisition": 0}, {"path": "1", "acquisition": 1}]
    foreign.group("A/01", {"well": {"images": images}})
    for number in (0, 1):
        foreign.image(f"A/01/{number}", stack(number))
    assert_shows(zarr, foreign, {("A01", 1): "A/01/0", ("A01", 2): "A/01/1"})


V2 = [
    {"dimension_separator": "."},
    {"dimension_separator": "/", "compressor": None},
    {"compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 2, "blocksize": 0}},
    {"compressor": {"id": "zlib", "level": 4}},
    {"compressor": {"id": "bz2", "level": 4}},
    {"compressor": {"id": "zstd", "level": 4}},
    {"dtype": ">u2"},
    {"dtype": "|i1"},
    {"dtype": "<f4"},
    {"order": "F"},
    {"chunks": [2, 2, 3, 10, 14]},
]
V3 = [
    {"codecs": [{"name": "bytes", "configuration": {"endian": "big"}}]},
    {"codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip"}]},
    {
        "codecs": [
            {"name": "transpose", "configuration": {"order": [4, 3, 2, 1, 0]}},
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "blosc", "configuration": {"cname": "zstd", "clevel": 5, "shuffle": "bitshuffle"}},
            {"name": "crc32c"},
        ]
    },
    {"chunk_key_encoding": {"name": "v2", "configuration": {"separator": "."}}},
    {"chunk_key_encoding": {"name": "default", "configuration": {"separator": "."}}},
]


@pytest.mark.parametrize(
    ("version", "metadata"), [*(("0.4", each) for each in V2), *(("0.5", each) for each in V3)]
)
def test_arrays_of_any_layout_and_codec_have_the_same_pixels(zarr, tmp_path, version, metadata):
    foreign = Foreign(tmp_path / "theirs", version)
    foreign.plate({"A/01": ["0"]})
    foreign.image("A/01/0", stack(3, dtype=metadata.get("dtype", "u2")), **metadata)
    assert_shows(zarr, foreign, {("A01", 1): "A/01/0"})


@pytest.mark.parametrize("fill", [0, 7])
def test_a_chunk_that_others_left_out_has_the_fill_value(zarr, foreign, fill):
    foreign.plate({"A/01": ["0"]})
    pixels = stack(1)
    pixels[1, 0, 2] = fill  # tensorstore, as others do, writes no chunk of the fill value
    foreign.image("A/01/0", pixels, fill_value=fill)
    array = foreign.root / "A/01/0/0"
    keys = {path.relative_to(array).as_posix() for path in array.rglob("*")}
    assert not {"c/1/0/2/0/0", "1.0.2.0.0"} & keys
    assert_shows(zarr, foreign, {("A01", 1): "A/01/0"})


def test_an_image_that_another_program_adds_to_our_plate_gets_a_number_of_its_own(
    zarr, images, plane, tmp_path
):
    ours = f"{images}/{image_name(Coordinates('B02', 3, 1))}"
    zarr.save(plane(1), ours)
    foreign = Foreign(Path(images), "0.5")
    document = Path(images, "B/02/zarr.json")
    content = json.loads(document.read_bytes())
    content["attributes"]["ome"]["well"]["images"].append({"path": "extra"})
    document.write_text(json.dumps(content))
    foreign.image("B/02/extra", stack(2, (1, 1, 1, 10, 14)))
    theirs = f"{images}/{image_name(Coordinates('B02', 4, 1))}"
    assert sorted(zarr.list_files(images)) == [ours, theirs]
    assert [f"{images}/{plane.path}" for plane in zarr.read_plate(images).planes] == [ours, theirs]
    np.testing.assert_array_equal(zarr.load(ours), plane(1))
    np.testing.assert_array_equal(zarr.load(theirs), foreign.pixels["B/02/extra"][0, 0, 0])


def test_an_image_that_cannot_be_read_is_a_problem_of_the_reading_and_the_others_are_there(zarr, foreign):
    foreign.plate({"A/01": ["1", "2", "3"]})
    foreign.image("A/01/1", stack(1))
    foreign.image("A/01/2", stack(2, (2, 3, 10, 14)), "qcyx")
    assert_shows(zarr, foreign, {("A01", 1): "A/01/1"})
    (problem,) = [
        each for each in zarr.read_plate(foreign.root.as_posix()).problems if "cannot be read" in each
    ]
    assert "2 images" in problem


def test_a_changed_well_of_another_program_is_seen(zarr, foreign):
    foreign.plate({"A/01": ["0"]})
    foreign.image("A/01/0", stack(1))
    assert_shows(zarr, foreign, {("A01", 1): "A/01/0"})
    foreign.group("A/01", {"well": {"images": [{"path": "0"}, {"path": "00"}, {"path": "9"}]}})
    foreign.image("A/01/9", stack(2))
    foreign.image("A/01/00", stack(3))
    assert_shows(zarr, foreign, {("A01", 1): "A/01/0", ("A01", 2): "A/01/00", ("A01", 3): "A/01/9"})


@pytest.mark.parametrize("generation", [1, 2, 3])
@pytest.mark.parametrize("prefix", ["openhcs", "polystore"])
def test_every_plane_of_the_predecessor_is_loaded_zeros_included(zarr, tmp_path, generation, prefix):
    foreign = Foreign(tmp_path / "theirs", "0.4")
    foreign.plate({"B/02": ["0"] if generation < 3 else ["0", "1"]})
    pixels = stack(generation, (2, 2, 3, 10, 14))
    pixels[1, 0, 1] = 0  # no chunk: it leaves out those of zeros
    expected = {}
    for number, name in enumerate(["0"] if generation < 3 else ["0", "1"]):
        part = pixels if generation < 3 else pixels[number]
        places = {
            image_name(Coordinates("B02", site, c + 1, z + 1)): [site - 1, c, z] if generation < 3 else [c, z]
            for site in ((1, 2) if generation < 3 else (number + 1,))
            for c in (0, 1)
            for z in (0, 1, 2)
        }
        foreign.image(f"B/02/{name}", part, "tczyx"[-part.ndim :])
        array = foreign.root / f"B/02/{name}/0"
        (array / ".zattrs").write_text(json.dumps({f"{prefix}_filename_map": places}))
        for plane_path, index in places.items():
            expected[plane_path] = part[tuple(index)]
        if generation == 1:  # the array stands where the image should
            image = foreign.root / f"B/02/{name}"
            (image / ".zgroup").unlink()
            (image / ".zattrs").unlink()
            for inner in list(array.iterdir()):
                inner.rename(image / inner.name)
            array.rmdir()
    root = foreign.root.as_posix()
    assert sorted(zarr.list_files(root)) == [f"{root}/{name}" for name in sorted(expected)]
    assert [plane.path for plane in zarr.read_plate(root).planes] == sorted(expected)
    for name, content in expected.items():
        np.testing.assert_array_equal(zarr.load(f"{root}/{name}"), content)


def test_others_images_are_not_changed_plane_by_plane_and_replaced_as_a_well(zarr, foreign, plane):
    foreign.plate({"A/01": ["1"]})
    foreign.image("A/01/1", stack(1))
    root = foreign.root.as_posix()
    name = f"{root}/{image_name(Coordinates('A01', 1, 1))}"
    with pytest.raises(PlateError, match="another program"):
        zarr.save(plane(1), name, overwrite=True)
    with zarr.open_well(root, "A01", overwrite=True) as sink:
        sink.save(plane(1), name)
    assert zarr.list_files(root) == [name]
    np.testing.assert_array_equal(zarr.load(name), plane(1))
