"""A real browser shows the page: no complaint on its console, and the cells where they belong."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from openhcs_host import FileManager, Host
from openhcs_report import make_report
from openhcs_report.colours import scale

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")


@pytest.fixture
def open_page(tmp_path):
    """Open a page without a window, and return its picture and what the browser wrote to its console."""

    def show(page, *options):
        target = tmp_path / "screenshot.png"
        quiet = ("disable-quic", "no-first-run", "disable-background-networking", "disable-component-update")
        done = subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-sync",
                "--enable-logging=stderr",
                "--force-device-scale-factor=1",
                *(f"--{option}" for option in quiet),
                *options,
                f"--user-data-dir={tmp_path / 'profile'}",
                "--window-size=1300,1000",
                f"--screenshot={target}",
                page.as_uri(),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        with Host() as host:
            seen = FileManager(host).load(target, "disk")
        return seen[..., :3].astype(int), [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return show


@pytest.fixture
def report(host, write_run, flat, tmp_path):
    table = [{"well": "A01", "count": 0}, {"well": "A02", "count": 10}]
    out = write_run(tmp_path, ["A01", "A02", "A03"], flat, tables={"t": table}, shape=(2, 3))
    return make_report(host, out).output


def pixels_of(picture, colour, tolerance=2) -> int:
    return int((np.abs(picture - np.array(colour)).max(axis=2) <= tolerance).sum())


def test_cells_of_the_heat_map_and_thumbnails_are_seen_and_nothing_is_complained_of(open_page, report):
    seen, complaints = open_page(report)
    assert complaints == []
    # The least and the greatest value are each a cell of about 30 pixels.
    assert pixels_of(seen, scale(0.0)) > 400 and pixels_of(seen, scale(1.0)) > 400
    assert tuple(seen[2, 2]) == (255, 255, 255)


def test_the_reader_s_dark_setting_is_followed(open_page, report):
    seen, complaints = open_page(report, "--blink-settings=preferredColorScheme=0")
    assert complaints == []
    assert seen[2, 2].max() < 60
    assert pixels_of(seen, scale(0.0)) > 400 and pixels_of(seen, scale(1.0)) > 400


def test_a_complaint_would_be_noticed(open_page, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text("<!doctype html><title>x</title><script>console.error('seen')</script>")
    _, complaints = open_page(page)
    assert len(complaints) == 1 and "seen" in complaints[0]
