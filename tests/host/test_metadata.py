"""``openhcs_metadata.json``: merged, locked, never overwritten when corrupt."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from openhcs_host.errors import MetadataError
from openhcs_host.plates.metadata import FILE_NAME, read_metadata, update_metadata, workspace_mapping


def test_fields_merge_and_unknown_ones_stay(tmp_path):
    document = {"subdirectories": {".": {"pixel_size": 1.0, "somebody_elses": [1]}, "zarr": {"main": True}}}
    (tmp_path / FILE_NAME).write_text(json.dumps(document))
    update_metadata(tmp_path, ".", {"pixel_size": 2.0})
    assert read_metadata(tmp_path) == {
        ".": {"pixel_size": 2.0, "somebody_elses": [1]},
        "zarr": {"main": True},
    }


def test_a_folder_without_metadata_is_a_file_not_found_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=FILE_NAME):
        read_metadata(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"subdirectories": {\n  ".": {]}}', "line 2, column"),
        (b"", "line 1, column 1"),
        (b"[]", "no 'subdirectories'"),
        (b'{"subdirectories": {".": 3}}', "no 'subdirectories' object of records"),
        (b"\xff\xfe{", "UTF-8"),
    ],
)
def test_a_corrupt_file_is_an_error_and_stays_as_it_is(tmp_path, content, words):
    (tmp_path / FILE_NAME).write_bytes(content)
    for attempt in (read_metadata, lambda folder: update_metadata(folder, ".", {"a": 1})):
        with pytest.raises(MetadataError, match=words):
            attempt(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_what_json_cannot_hold_changes_nothing(tmp_path):
    update_metadata(tmp_path, ".", {"pixel_size": 1.0})
    with pytest.raises((TypeError, ValueError)):
        update_metadata(tmp_path, ".", {"pixel_size": float("nan")})
    assert read_metadata(tmp_path) == {".": {"pixel_size": 1.0}}
    assert sorted(os.listdir(tmp_path)) == [FILE_NAME, f"{FILE_NAME}.lock"]


def test_both_shapes_of_mappings_are_read(tmp_path):
    record = {
        "workspace_mapping": {
            "A01_s001_w1_z001_t001.tif": "TimePoint_1/a.tif",
            "A02_s001_w1_z001_t001.tif": {"backend": "disk", "backend_address": "TimePoint_1/b.tif"},
        }
    }
    assert list(workspace_mapping(record, "here").values()) == ["TimePoint_1/a.tif", "TimePoint_1/b.tif"]


@pytest.mark.parametrize(
    "entry",
    [
        3,
        None,
        {"backend": "zarr", "backend_address": "x"},
        {"backend_address": "x", "source_axis_indices": [0]},
    ],
)
def test_a_mapping_that_is_no_whole_file_on_disk_is_refused(entry):
    with pytest.raises(MetadataError, match=r"'v\.tif'"):
        workspace_mapping({"workspace_mapping": {"v.tif": entry}}, "here")


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    code = (
        "import sys\nfrom openhcs_host.plates.metadata import update_metadata\n"
        "for n in range(10): update_metadata(sys.argv[1], 'images', {f'{sys.argv[2]}-{n}': n})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    assert len(read_metadata(tmp_path)["images"]) == 40
