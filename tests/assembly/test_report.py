"""``openhcs report`` on runs of real plates: what people see is what the run made."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import tifffile

from openhcs_host import Host
from openhcs_report.colours import label_palette
from openhcs_report.reduction import reduced
from openhcs_report.thumbnails import edge_for


class Read(HTMLParser):
    """Titles of the drawings, and images, by section of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.titles: dict[str, list[str]] = {}
        self.images: dict[str, list[tuple[str, np.ndarray]]] = {}
        self.text: dict[str, str] = {}
        self._section = ""
        self._in_title = False
        with Host() as host:
            self._png = host.format(".png")
            self.feed(text)

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        if tag == "section":
            self._section = said["id"]
        elif tag == "img":
            content = base64.b64decode(said["src"].removeprefix("data:image/png;base64,"), validate=True)
            seen = self._png.read(io.BytesIO(content))
            self.images.setdefault(self._section, []).append((said["alt"], seen))
        self._in_title = tag == "title"

    def handle_endtag(self, tag):
        self._in_title = False

    def handle_data(self, data):
        self.text[self._section] = self.text.get(self._section, "") + data
        if self._in_title:
            self.titles.setdefault(self._section, []).append(data)


def read(path) -> Read:
    return Read(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("backend", ["disk", "zarr"])
def test_the_report_of_a_real_plate_has_its_numbers_and_its_labels(
    openhcs, plates, pipeline_file, tmp_path, backend
):
    plate, out = plates / "ix-zmb-export-3433", tmp_path / "out"
    ran = openhcs("run", pipeline_file, plate, "-o", out, "--materialization-backend", backend)
    assert ran.returncode == 0, ran.stderr
    done = openhcs("report", out, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["problems"] == [] and said["thumbnails"] == 2 + 4 and said["failed"] == 0
    page = read(out / "report.html")
    with (out / "images_results" / "nuclei.csv").open(newline="") as stream:
        counts = {row["well"]: row["count"] for row in csv.DictReader(stream)}
    assert counts.keys() == {"B02", "B03"}
    cells = dict(
        title.split(": ", 1) for title in page.titles["results"] if re.match("[A-Z][0-9]{2}: ", title)
    )
    # The plate has 96 wells (its HTD says so), and every one of them is a cell.
    assert len(cells) == 96
    assert {well: said for well, said in cells.items() if said != "not in this run"} == counts
    # Two channels of the input, of two wells each, as large as the number of images allows.
    assert [well for well, _ in page.images["input"]] == ["B02", "B03"] * 2
    if backend == "disk":
        for well, seen in page.images["images"]:
            labels = tifffile.imread(out / "images" / f"{well}_s001_w1_z001_t001.tif")
            points = reduced(labels, edge_for(6)).points.astype(int)
            expected = label_palette()[np.where(points == 0, 0, 1 + (points - 1) % 63)]
            assert np.array_equal(seen, expected) and seen.any()


def test_failed_wells_are_marked_with_their_reason_and_their_traceback(openhcs, plates, tmp_path):
    (tmp_path / "failing.py").write_text(
        "from openhcs_pipeline import FunctionStep\n"
        "def fail(stack):\n"
        "    raise ValueError('<b>too bright</b>')\n"
        "pipeline = [FunctionStep(fail, name='look')]\n"
    )
    out = tmp_path / "out"
    assert openhcs("run", tmp_path / "failing.py", plates / "ix-zmb-export-3433", "-o", out).returncode == 1
    assert openhcs("report", out).returncode == 0
    page = read(out / "report.html")
    reason = "failed, in step 'look': ValueError: <b>too bright</b>"
    failed = [title for title in page.titles["timings"] if reason in title]
    assert [title[:3] for title in failed] == ["B02", "B03"]
    assert "Traceback" in page.text["failures"] and "failing.py" in page.text["failures"]
    assert "images are not shown" in page.text["images"]


def test_a_raw_plate_is_no_run_and_nothing_is_written_into_it(openhcs, plates):
    plate = plates / "ix-zmb-export-3433"
    before = sorted(path.name for path in plate.iterdir())
    done = openhcs("report", plate)
    assert done.returncode == 1 and "is no run" in done.stderr and "Traceback" not in done.stderr
    assert sorted(path.name for path in plate.iterdir()) == before


def test_a_run_with_a_report_in_it_is_still_a_plate_and_can_be_run_again(
    openhcs, plates, pipeline_file, tmp_path
):
    out = tmp_path / "out"
    arguments = ("run", pipeline_file, plates / "ix-zmb-export-3433", "-o", out)
    assert openhcs(*arguments).returncode == 0
    assert openhcs("report", out).returncode == 0
    assert json.loads(openhcs("plate", "info", out, "--json").stdout)["images"] == 4
    again = openhcs(*arguments, "--overwrite")
    assert again.returncode == 0, again.stderr
    assert openhcs("report", out, "--overwrite").returncode == 0
