"""``openhcs_metadata.json``: merged, locked, never overwritten when corrupt."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from openhcs_host.errors import InvalidPathError, MetadataError
from openhcs_host.plates.metadata import (
    FILE_NAME,
    LARGE_MAPPING,
    read_metadata,
    update_metadata,
    workspace_mapping,
)


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
        (b"\xff\xfe{", "no JSON document"),
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
    paths, backend = workspace_mapping(record, tmp_path)
    assert (list(paths.values()), backend) == (["TimePoint_1/a.tif", "TimePoint_1/b.tif"], "disk")


def test_a_mapping_may_lead_into_one_other_backend(tmp_path):
    entry = {"backend": "zarr", "backend_address": "x"}
    assert workspace_mapping({"workspace_mapping": {"v.tif": entry}}, tmp_path) == ({"v.tif": "x"}, "zarr")
    with pytest.raises(MetadataError, match="several backends"):
        workspace_mapping({"workspace_mapping": {"v.tif": entry, "w.tif": "w.tif"}}, tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        3,
        None,
        {"backend": "virtual_workspace", "backend_address": "x"},
        {"backend_address": "x", "source_axis_indices": [0]},
    ],
)
def test_a_mapping_to_no_whole_image_is_refused(tmp_path, entry):
    with pytest.raises(MetadataError, match=r"'v\.tif'"):
        workspace_mapping({"workspace_mapping": {"v.tif": entry}}, tmp_path)


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    code = (
        "import sys\nfrom openhcs_host.plates.metadata import update_metadata\n"
        "for n in range(40): update_metadata(sys.argv[1], 'images', {f'{sys.argv[2]}-{n}': n})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)]) for n in range(8)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 8
    assert len(read_metadata(tmp_path)["images"]) == 8 * 40


HOLDER = """
import filelock, sys, time
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_killed_holder_of_the_lock_blocks_nobody(tmp_path):
    lock = str(tmp_path / f"{FILE_NAME}.lock")
    with subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        with pytest.raises(TimeoutError, match=r"another process has been writing .* for 0\.2 s"):
            update_metadata(tmp_path, ".", {"a": 1}, timeout=0.2)
        holder.kill()
    update_metadata(tmp_path, ".", {"a": 1}, timeout=5)
    assert read_metadata(tmp_path) == {".": {"a": 1}}


def many(number, tail=""):
    return {f"A01_s{n:03d}_w1_z001_t001.tif": f"TimePoint_1/P_A01_s{n}_w1{tail}.TIF" for n in range(number)}


def test_a_large_mapping_lives_beside_the_metadata_and_run_state_never_rewrites_it(tmp_path):
    mapping = many(LARGE_MAPPING + 1)
    update_metadata(tmp_path, ".", {"workspace_mapping": mapping, "pixel_size": 1.0})
    (side,) = [path for path in tmp_path.iterdir() if path.name.startswith("workspace_mapping-")]
    before = side.stat().st_mtime_ns, side.stat().st_ino
    update_metadata(tmp_path, ".", {"pixel_size": 2.0})
    update_metadata(tmp_path, "images", {"main": True})
    assert (side.stat().st_mtime_ns, side.stat().st_ino) == before
    assert (tmp_path / FILE_NAME).stat().st_size < 1000
    record = read_metadata(tmp_path)["."]
    assert record["pixel_size"] == 2.0 and record["workspace_mapping_file"] == side.name
    assert workspace_mapping(record, tmp_path) == (mapping, "disk")


def test_a_new_mapping_takes_the_place_of_the_old_wherever_either_lives(tmp_path):
    for mapping in (many(LARGE_MAPPING + 1), many(LARGE_MAPPING + 1, "x"), many(3), many(LARGE_MAPPING + 1)):
        update_metadata(tmp_path, ".", {"workspace_mapping": mapping})
        assert workspace_mapping(read_metadata(tmp_path)["."], tmp_path) == (mapping, "disk")
        sides = [path for path in tmp_path.iterdir() if path.name.startswith("workspace_mapping-")]
        assert len(sides) == (len(mapping) > LARGE_MAPPING)


@pytest.mark.parametrize("name", ["../x.json", "/etc/passwd", "", "..", 3, None])
def test_a_side_file_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(InvalidPathError, match="no file beside it"):
        workspace_mapping({"workspace_mapping_file": name}, tmp_path)


def test_a_missing_or_corrupt_side_file_is_an_error_that_names_it(tmp_path):
    record = {"workspace_mapping_file": "side.json"}
    with pytest.raises(FileNotFoundError, match=r"side\.json"):
        workspace_mapping(record, tmp_path)
    (tmp_path / "side.json").write_text("{")
    with pytest.raises(MetadataError, match=r"side\.json' is corrupt at line 1"):
        workspace_mapping(record, tmp_path)


def test_the_document_has_a_line_per_field_and_mapped_image_and_is_lean(tmp_path):
    mapping = many(1000)
    update_metadata(tmp_path, ".", {"workspace_mapping": mapping, "wells": {"A01": None}})
    text = (tmp_path / FILE_NAME).read_text()
    assert (
        text.count("\n") >= 1000 and json.loads(text)["subdirectories"]["."]["workspace_mapping"] == mapping
    )
    extra = len(text) - sum(map(len, mapping.values()))
    assert extra / len(mapping) <= 60


def test_a_deeply_nested_document_is_refused_not_followed_into_the_ground(tmp_path):
    (tmp_path / FILE_NAME).write_text("[" * 200_000)
    with pytest.raises(MetadataError):
        read_metadata(tmp_path)
