"""The check of a whole store finds what is wrong in it, and nothing in what we write."""

from __future__ import annotations

import json
import shutil

import pytest


def test_what_we_write_is_valid_without_a_single_warning(ours):
    assert [f"{f.where} | {f.rule}" for f in ours.findings()] == []


def test_an_image_by_itself_is_a_store(store, make):
    from openhcs_backend_zarr.ngff.writing import image_attributes

    store.group("", image_attributes(make.image(store.version)))
    store.array("0", (1, 2, 3, *make.size))
    store.array("1", (1, 2, 3, 32, 40))
    assert store.findings() == []
    store.array("1", (1, 2, 3, 320, 400))
    assert any("no level is larger" in error for error in store.errors())


def test_a_folder_is_no_store(store):
    assert store.findings() is None


# The seven seeded defects, which common validators mostly do not find.


def test_a_wrong_field_count_is_found(ours):
    ours.change("", lambda part: part["plate"].update(field_count=3))
    assert ours.errors() == ["plate.field_count | the fullest well lists 2 fields, not 3"]


def test_an_undefined_acquisition_is_found(ours):
    ours.change(
        "", lambda part: part["plate"].update(acquisitions=[{"id": 0, "name": "a", "maximumfieldcount": 2}])
    )
    ours.change("B/02", lambda part: part["well"]["images"][1].update(acquisition=7))
    assert ours.errors() == ["B/02: well.images[1].acquisition | the plate defines no acquisition 7"]


def test_missing_links_to_acquisitions_are_found(ours):
    runs = [{"id": n, "name": str(n), "maximumfieldcount": 2} for n in (0, 1)]
    ours.change("", lambda part: part["plate"].update(acquisitions=runs))
    errors = ours.errors()
    assert len(errors) == 3 and all("every field says which it belongs to" in error for error in errors)


def test_an_index_out_of_range_is_found(ours):
    ours.change("", lambda part: part["plate"]["wells"][1].update(rowIndex=30))
    assert any("30 lies beyond the" in error for error in ours.errors())


def test_an_image_that_is_listed_and_absent_is_found(ours):
    shutil.rmtree(ours.root / "B/02/2")
    assert ours.errors() == ["B/02/2 | the well lists the image, and there is no such group"]


def test_too_few_omero_channels_are_found(ours):
    ours.change("B/02/1", lambda part: part["omero"]["channels"].pop())
    assert ours.errors() == ["B/02/1: omero.channels | there is one entry for each of the 2 channels, not 1"]


def test_dimension_names_unlike_the_axes_are_found(make, tmp_path):
    store = make.write_plate(make.Store(tmp_path / "store", "0.5"), {"A01": (1,)})
    file = store.root / "A/01/1/1/zarr.json"
    for names in (list("tzcyx"), None):
        document = json.loads(file.read_text())
        document["dimension_names"] = names
        file.write_text(json.dumps(document))
        (error,) = store.errors()
        assert error.startswith("A/01/1/1: dimension_names | they are the names of the axes")


# What else only the whole store shows.


def test_a_well_that_is_listed_and_absent_is_found(ours):
    shutil.rmtree(ours.root / "C/03")
    assert ours.errors() == ["C/03 | the plate lists the well, and there is no such group"]


def test_a_well_that_is_there_and_not_listed_is_found(ours):
    ours.change("", lambda part: part["plate"]["wells"].pop())
    assert ours.errors() == ["C/03 | there is a well here that the plate does not list"]


def test_an_image_that_is_there_and_not_listed_is_a_warning(ours):
    ours.change("B/02", lambda part: part["well"]["images"].pop())
    ours.change("", lambda part: part["plate"].update(field_count=1))
    assert ours.errors() == []
    assert [f.where for f in ours.findings()] == ["B/02/2"]


def test_paths_and_indices_that_disagree_are_found(ours):
    ours.change("", lambda part: part["plate"]["wells"][0].update(rowIndex=0))
    assert ours.errors() == ["plate.wells[0].rowIndex | 0 means 'A', the path says 'B'"]


def test_imaged_rows_only_are_a_warning(ours):
    def imaged_only(part):
        part["plate"].update(rows=[{"name": "B"}, {"name": "C"}], columns=[{"name": "02"}, {"name": "03"}])
        for number, well in enumerate(part["plate"]["wells"]):
            well.update(rowIndex=number, columnIndex=number)

    ours.change("", imaged_only)
    assert ours.errors() == []
    assert any("physical plate" in finding.rule for finding in ours.findings())


def test_a_missing_group_between_is_found(ours):
    for name in ("zarr.json", ".zgroup"):
        (ours.root / "C" / name).unlink(missing_ok=True)
    assert [error for error in ours.errors() if error.startswith("C |")]


def test_mixed_versions_are_found(make, tmp_path):
    store = make.write_plate(make.Store(tmp_path / "store", "0.5"), {"A01": (1,)})
    store.change("A/01", lambda part: part.update(version="0.4"))
    assert "A/01 | a store has one NGFF version: 0.5 at the plate, 0.4 here" in store.errors()
    store.change("", lambda part: part["plate"].pop("version"))
    assert any(error.startswith("plate.version") for error in store.errors())


def test_missing_arrays_and_further_dimensions_are_found(ours, make):
    shutil.rmtree(ours.root / "B/02/1/1")
    assert ours.errors() == ["B/02/1/1 | the image lists the array, and there is none"]
    ours.array("B/02/1/1", (3, 32, 40), "zyx")
    assert any("as many dimensions as its image axes: 5, not 3" in error for error in ours.errors())


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        (lambda m: m["axes"].reverse(), "time comes first"),
        (lambda m: m["axes"][4].update(name="y"), "no two axes have one name"),
        (lambda m: m["axes"][0].update(type="space"), "two or three axes are of type space"),
        (lambda m: m["axes"].clear(), "two to five axes"),
        (lambda m: m["axes"][0].update(type="stain"), "at most one axis is of type channel"),
        (lambda m: m["datasets"][0]["coordinateTransformations"].clear(), "exactly one scale"),
        (lambda m: m["datasets"][0]["coordinateTransformations"].reverse(), "exactly one scale"),
        (
            lambda m: m["datasets"][0]["coordinateTransformations"][0]["scale"].pop(),
            "one number per axis: 5, not 4",
        ),
        (lambda m: m["datasets"][0]["coordinateTransformations"][1]["translation"].append(0), "5, not 6"),
        (lambda m: m["datasets"].reverse(), "from the largest to the smallest"),
        (lambda m: m["datasets"][1].update(path="0"), "no two levels are one array"),
        (lambda m: m.pop("datasets"), "at least one"),
    ],
)
def test_rules_of_images_are_checked_in_the_store(ours, wrong, rule):
    ours.change("B/02/1", lambda part: wrong(part["multiscales"][0]))
    assert any(error.startswith("B/02/1") and rule in error for error in ours.errors())


def test_a_unit_that_is_none_is_a_warning(ours):
    ours.change("B/02/1", lambda part: part["multiscales"][0]["axes"][4].update(unit="micron"))
    assert ours.errors() == []
    assert ["micron" in finding.rule for finding in ours.findings()] == [True]


def test_chunks_that_do_not_fit_are_found(make, tmp_path):
    store = make.write_plate(make.Store(tmp_path / "store", "0.5"), {"A01": (1,)})
    file = store.root / "A/01/1/0/zarr.json"
    document = json.loads(file.read_text())
    inner = {"chunk_shape": [1, 1, 2, 64, 79], "codecs": [], "index_codecs": []}
    document["codecs"] = [{"name": "sharding_indexed", "configuration": inner}]
    file.write_text(json.dumps(document))
    assert any("holds whole chunks" in error for error in store.errors())
    document["chunk_grid"]["configuration"]["chunk_shape"] = [1, 1, 0]
    file.write_text(json.dumps(document))
    assert any("a chunk has an extent" in error for error in store.errors())


def test_what_we_recorded_must_agree_with_the_array(ours, make):
    def shrink(part):
        part["z_indexes"].pop()
        part["absent"].append([0, 0, 9])
        part["size"] = [1, 1]

    file, content, _ = ours.document("B/02/1")
    shrink(content["attributes"]["openhcs"] if ours.version == "0.5" else content["openhcs"])
    file.write_text(json.dumps(content))
    found = ours.errors()
    assert [any(word in error for error in found) for word in ("along z", "absent", "size [1, 1]")] == [
        True
    ] * 3


def test_labels_are_checked_with_their_image(ours, make):
    from openhcs_backend_zarr.ngff.model import LabelImage
    from openhcs_backend_zarr.ngff.writing import label_attributes, labels_attributes

    label = LabelImage(colors={1: (255, 0, 0, 255)}, version=ours.version)
    image = make.image(ours.version, channels=None, recorded=None)
    ours.group("B/02/1/labels", labels_attributes(["nuclei", "cells"], ours.version))
    ours.group("B/02/1/labels/nuclei", label_attributes(label, image))
    ours.array("B/02/1/labels/nuclei/0", (1, 1, 3, *make.size), dtype="int32")
    ours.array("B/02/1/labels/nuclei/1", (1, 1, 3, 32, 40), dtype="int32")
    assert ours.errors() == ["B/02/1/labels/cells | the label image is listed, and there is no such group"]
    one_level = make.image(ours.version, channels=None, recorded=None, datasets=image.datasets[:1])
    ours.group("B/02/1/labels/cells", label_attributes(label, one_level))
    ours.array("B/02/1/labels/cells/0", (1, 1, 3, *make.size), dtype="float32")
    assert ours.errors() == [
        "B/02/1/labels/cells | a label image has as many levels as its image: 2, not 1",
        "B/02/1/labels/cells | labels are whole numbers, not float32",
    ]


def test_hostile_paths_are_errors_of_the_store(ours):
    ours.change("B/02", lambda part: part["well"]["images"][0].update(path="../../.."))
    assert any("B/02" in error and "no path inside the store" in error for error in ours.errors())
