"""The report of a run: everything that is there is in it, and nothing outside it is needed."""

from __future__ import annotations

import csv
import re
import time

import numpy as np
import pytest

from openhcs_host.contracts.microscopes import Channel
from openhcs_host.errors import (
    InvalidPathError,
    MetadataError,
    PathExistsError,
    PathNotFoundError,
    StorageError,
)
from openhcs_report import make_report

TABLE = [{"well": "A01", "count": 12, "area_um2": 1.25}, {"well": "A02", "count": 7, "area_um2": None}]
FAILURE = {"B01": {"step": "count", "error": "ValueError: too bright", "traceback": "Traceback\n  line 3"}}


@pytest.fixture
def out(write_run, flat, tmp_path):
    return write_run(
        tmp_path,
        ["A01", "A02", "B01"],
        flat,
        tables={"nuclei": TABLE},
        raw=True,
        failures=FAILURE,
        shape=(2, 3),
        notes=["plate: a note"],
    )


def test_numbers_images_failures_and_notes_are_in_the_page(host, parse_page, picture, out):
    made = make_report(host, out)
    page = parse_page(made.output.read_text(encoding="utf-8"))
    assert made.output == out / "report.html" and made.size == made.output.stat().st_size
    assert made.heat_maps == ("nuclei.csv: count", "nuclei.csv: area_um2") and made.problems == ()
    assert (made.wells, made.failed, made.thumbnails) == (3, 1, 5)
    titles = page.texts("title")
    for said in ("A01: 12", "A02: 7", "A01: 1.25", "A02: no value", "A03: not in this run"):
        assert said in titles
    assert "B01: failed, in count: ValueError: too bright" in titles
    assert "Traceback\n  line 3" in page.section("failures") and "a note" in page.section("notes")
    # Two finished wells of the output, three of the input; the pixels are those of the images.
    images = page.attributes("img")
    assert [said["alt"] for said in images] == ["A01", "A02", "A01", "A02", "B01"]
    seen = picture(images[0]["src"]).astype(int)
    assert seen.shape == (40, 60, 3)
    assert (seen[:, :30] > seen[:, 30:]).any() and (seen[:, 30:] == 0).all()


def test_the_page_refers_to_nothing_outside_itself_and_has_no_script(host, parse_page, out):
    text = make_report(host, out).output.read_text(encoding="utf-8")
    page = parse_page(text)
    for tag, said, _ in page.elements:
        assert tag not in ("script", "iframe", "object", "embed")
        for name, value in said.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value.startswith(("data:", "#"))
    (style,) = page.texts("style")
    assert "url(" not in style and "@import" not in style
    anchors = {said["id"] for said in page.attributes("section")}
    assert {said["href"][1:] for said in page.attributes("a")} <= anchors
    assert page.attributes("html") == [{"lang": "en"}]


def test_names_that_are_markup_stay_text(host, parse_page, write_run, flat, tmp_path):
    evil = "<script>alert('x')</script>\"><img src=x onerror=alert(1)> & </style></title>"
    out = write_run(
        tmp_path,
        ["A01", "A02"],
        flat,
        channels={1: Channel(name=evil)},
        tables={"t": [{"well": "A01", evil: 1}, {"well": "A02", evil: 2}]},
        failures={"A02": {"step": evil, "error": evil, "traceback": evil}},
        plate_name=evil,
        notes=[evil],
        microscope=evil,
        versions={evil: evil},
        steps=[
            {"name": evil, "functions": {evil: [{"name": evil, "keywords": {evil: evil}, "source": evil}]}}
        ],
        strange={evil: evil},
    )
    page = parse_page(make_report(host, out).output.read_text(encoding="utf-8"))
    assert page.texts("h1") == [evil] and page.texts("script") == []
    assert all(
        said["src"].startswith("data:image/png") and "onerror" not in said for said in page.attributes("img")
    )
    assert sum(evil in told for told in page.texts("pre")) >= 2


def test_what_cannot_be_read_is_told_and_the_rest_is_shown(host, parse_page, out, tmp_path):
    (tmp_path / "plate").rename(tmp_path / "moved")
    (out / "images" / "A01_s001_w1_z001_t001.tif").write_bytes(b"broken")
    (out / "images_results" / "extra.csv").write_text("a,b\n1,2\n")
    made = make_report(host, out)
    page = parse_page(made.output.read_text(encoding="utf-8"))
    assert "no longer there" in page.section("input") and "no longer there" in page.section("notes")
    assert "no column 'well'" in page.section("notes")
    assert [said["alt"] for said in page.attributes("img")] == ["A02"]
    assert "Not readable: A01" in page.section("images")
    assert len(made.problems) == 2


def test_a_run_without_images_or_tables_is_still_reported(host, parse_page, write_run, flat, tmp_path):
    out = write_run(tmp_path, ["A01"], flat, failures={"A01": FAILURE["B01"]}, interrupted=True)
    page = parse_page(make_report(host, out).output.read_text(encoding="utf-8"))
    assert "No table of this run has a number by well" in page.section("results")
    assert "images are not shown" in page.section("images")
    assert "interrupted" in page.section("failures")


def test_damaged_metadata_is_told_and_the_tables_are_found(host, parse_page, out):
    (out / "openhcs_metadata.json").write_text("{")
    made = make_report(host, out)
    assert made.heat_maps[0] == "nuclei.csv: count"
    assert sum("corrupt" in problem for problem in made.problems) == 2


def test_an_existing_file_is_replaced_only_on_request_and_only_if_it_is_a_report(host, out):
    first = make_report(host, out)
    with pytest.raises(PathExistsError, match="--overwrite"):
        make_report(host, out)
    assert make_report(host, out, overwrite=True).size == first.size
    record = (out / "run.json").read_bytes()
    with pytest.raises(PathExistsError, match="no earlier report"):
        make_report(host, out, out / "run.json", overwrite=True)
    assert (out / "run.json").read_bytes() == record


def test_nothing_is_written_into_the_input_plate(host, out, tmp_path):
    with pytest.raises(InvalidPathError, match="inside the input plate"):
        make_report(host, out, tmp_path / "plate" / "report.html")
    assert not (tmp_path / "plate" / "report.html").exists()


def test_a_report_can_be_written_elsewhere_and_changes_nothing_in_the_run(host, out, tmp_path):
    before = sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*"))
    made = make_report(host, out, tmp_path / "reports" / "P1.html")
    assert made.output.is_file()
    assert sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*")) == before


def test_a_place_that_cannot_be_written_to_is_told(host, out, tmp_path):
    with pytest.raises(StorageError, match=r"cannot write .* name another file with --output"):
        make_report(host, out, tmp_path / ("x" * 300))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("make", "error"), [(False, PathNotFoundError), (True, MetadataError)])
def test_a_folder_that_is_no_run_is_refused_and_left_alone(host, tmp_path, make, error):
    if make:
        (tmp_path / "run.json").write_text("[]")
    before = list(tmp_path.iterdir())
    with pytest.raises(error):
        make_report(host, tmp_path)
    assert list(tmp_path.iterdir()) == before


def test_384_wells_are_light_quick_and_complete(host, parse_page, write_run, wells_of, tmp_path):
    noise = np.random.default_rng(5).integers(0, 4000, (4, 96, 96), dtype=np.uint16)
    wells = wells_of(16, 24)
    columns = [f"feature_{number}" for number in range(30)]
    rows = [
        {"well": well, **{name: (place * 37 + number) % 997 / 7 for number, name in enumerate(columns)}}
        for place, well in enumerate(wells)
    ]
    out = write_run(
        tmp_path,
        wells,
        lambda well, channel: noise[channel - 1],
        channels={number: Channel(name=f"C{number}") for number in (1, 2, 3, 4)},
        tables={"cells": rows},
        raw=True,
        shape=(16, 24),
    )
    start = time.perf_counter()
    made = make_report(host, out)
    assert time.perf_counter() - start < 20
    assert made.size < 5_000_000 and made.thumbnails == 384 * 4 * 2
    page = parse_page(made.output.read_text(encoding="utf-8"))
    assert [said["alt"] for said in page.attributes("img")] == wells * 8
    titles = set(page.texts("title"))
    with (out / "images_results" / "cells.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert all(f"{row['well']}: {row['feature_0']}" in titles for row in table)
    cells = page.texts("td")
    assert all(row["feature_29"] in cells for row in table)  # not drawn, and in the table of values
    assert re.search(r"6 more columns are not drawn", page.section("results"))
