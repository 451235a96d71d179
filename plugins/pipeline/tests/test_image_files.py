"""Special outputs that are images become files that other programs open."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from openhcs_host import FileManager
from openhcs_host.errors import PipelineError
from openhcs_pipeline.image_files import label_images, roi_archives, tiff_stacks
from openhcs_pipeline.special import SpecialOutput


def of_well(value, site=1):
    return SpecialOutput("A01", site, 1, None, 1, value)


def test_stacks_come_back_as_they_were(host, tmp_path):
    stack = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    first = tiff_stacks([of_well(stack), of_well(stack + 1, 2)], f"{tmp_path}/x", FileManager(host), "disk")
    assert first == f"{tmp_path}/x_s001_w1_t001.tif"
    assert np.array_equal(tifffile.imread(first), stack)
    assert np.array_equal(tifffile.imread(tmp_path / "x_s002_w1_t001.tif"), stack + 1)


@pytest.mark.parametrize(("highest", "dtype"), [(0, "u1"), (255, "u1"), (256, "u2"), (70_000, "u4")])
def test_labels_keep_their_numbers_in_the_narrowest_dtype_that_holds_them(host, tmp_path, highest, dtype):
    labels = np.array([[0, highest]], np.int64)
    written = tifffile.imread(label_images([of_well(labels)], f"{tmp_path}/x", FileManager(host), "disk"))
    assert written.dtype == dtype and np.array_equal(written, labels)


@pytest.mark.parametrize(
    "value", [3, np.zeros((2, 2)), np.array([[-1]]), np.zeros(3, int), np.array([[2**32]])]
)
def test_what_is_no_label_image_is_refused(host, tmp_path, value):
    with pytest.raises(PipelineError, match="well A01, s001_w1_t001"):
        label_images([of_well(value)], f"{tmp_path}/x", FileManager(host), "disk")
    assert list(tmp_path.iterdir()) == []


def test_outlines_of_labels_are_rois_that_enclose_their_pixels(host, tmp_path):
    roifile = pytest.importorskip("roifile")
    draw = pytest.importorskip("skimage.draw")
    labels = np.zeros((20, 30), np.uint16)
    labels[3:7, 4:12] = 5
    labels[10:13, 2:4] = labels[10:13, 20:25] = 9  # one label, two parts
    path = roi_archives([of_well(labels)], f"{tmp_path}/x", FileManager(host), "disk")
    rois = {roi.name: roi for roi in roifile.roiread(path)}
    assert rois.keys() == {"0005", "0009", "0009-2"}
    again = np.zeros_like(labels)
    for name, roi in rois.items():
        x, y = roi.coordinates().T
        again[draw.polygon(y - 0.5, x - 0.5, labels.shape)] = int(name[:4])
    assert np.array_equal(again, labels)


def test_holes_and_planes_of_a_stack(host, tmp_path):
    roifile = pytest.importorskip("roifile")
    pytest.importorskip("skimage")
    labels = np.zeros((2, 12, 12), np.int32)
    labels[1, 2:9, 2:9] = 1
    labels[1, 4:6, 4:6] = 0
    path = roi_archives([of_well(labels)], f"{tmp_path}/x", FileManager(host), "disk")
    (roi,) = roifile.roiread(path)
    assert roi.name == "z002-0001" and roi.position == 2


def test_the_same_labels_are_the_same_bytes(host, tmp_path):
    pytest.importorskip("roifile")
    pytest.importorskip("skimage")
    labels = np.eye(5, dtype=int)
    paths = [
        roi_archives([of_well(labels)], f"{tmp_path}/{n}", FileManager(host), "disk") for n in ("a", "b")
    ]
    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second
    assert zipfile.ZipFile(io.BytesIO(first)).testzip() is None


def test_rois_without_their_libraries_say_what_to_install(host, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "roifile", None)
    with pytest.raises(PipelineError, match=r"pip install 'openhcs-pipeline\[rois\]'"):
        roi_archives([of_well(np.eye(3, dtype=int))], f"{tmp_path}/x", FileManager(host), "disk")
