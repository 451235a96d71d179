"""The HTD file: what is read, in which encodings, and that nothing in it can do harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.errors import FormatError
from openhcs_microscope_imagexpress.htd import LARGEST_HTD, PlateDescription, parse_htd, read_htd

Htd = Callable[..., bytes]

LIKE_A_REAL_ONE = (
    b'"HTSInfoFile", Version 1.0\r\n"Description", "one\x82\x81two"\r\n"PlateType", 2\r\n"TimePoints", 1\r\n'
    b'"ZSeries", TRUE\r\n"ZSteps", 3\r\n"ZProjection", TRUE\r\n"XWells", 3\r\n"YWells", 2\r\n'
    b'"WellsSelection1", FALSE, FALSE, FALSE\r\n"WellsSelection2", FALSE, TRUE, TRUE\r\n"Sites", TRUE\r\n'
    b'"XSites", 2\r\n"YSites", 3\r\n"SiteSelection1", TRUE, FALSE\r\n"SiteSelection2", FALSE, FALSE\r\n'
    b'"SiteSelection3", TRUE, TRUE\r\n"Waves", TRUE\r\n"NWavelengths", 2\r\n"WaveName1", "DAPI"\r\n'
    b'"WaveName2", "Cy3, long"\r\n"WaveCollect1", 1\r\n"WaveCollect2", 0\r\n'
    b'"UniquePlateIdentifier", "00400b39"\r\n"EndFile"\r\n'
)


def test_every_key() -> None:
    assert parse_htd(LIKE_A_REAL_ONE) == PlateDescription(
        description="one\ntwo",
        wells=("B02", "B03"),
        plate_type="2",
        plate_rows=2,
        plate_columns=3,
        has_sites=True,
        site_rows=3,
        site_columns=2,
        site_cells=((0, 0), (2, 0), (2, 1)),
        has_waves=True,
        wave_names={1: "DAPI", 2: "Cy3, long"},
        waves_left_out=frozenset({2}),
        timepoints=1,
        has_z=True,
        z_steps=3,
        has_projection=True,
        identifier="00400b39",
    )
    assert parse_htd(LIKE_A_REAL_ONE).grid is None, "a cell of the grid was not selected"
    assert parse_htd(LIKE_A_REAL_ONE).site_count == 3


def test_line_ends_and_case_of_keys_do_not_matter() -> None:
    for variant in (
        LIKE_A_REAL_ONE.replace(b"\r\n", b"\n"),
        LIKE_A_REAL_ONE.replace(b'"XWells"', b'"XWELLS"'),
    ):
        assert parse_htd(variant) == parse_htd(LIKE_A_REAL_ONE)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("Zellen µ β 細胞", "utf-8"), ("ADN à 20 µm €", "cp1252"), ("\x81\x8d µ", "latin-1")],
)
@pytest.mark.parametrize("line_break", [b"", b"\x82\x81"])
def test_encodings(name: str, encoding: str, line_break: bytes) -> None:
    data = b'"HTSInfoFile", Version 1.0\n"Description", "a' + line_break + b'"\n"WaveName1", "'
    found = parse_htd(data + name.encode(encoding) + b'"\n"EndFile"\n')
    assert found.wave_names == {1: name}
    assert found.description == ("a\n" if line_break else "a")
    assert found.problems == ()


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse_htd(b"\xef\xbb\xbf" + LIKE_A_REAL_ONE) == parse_htd(LIKE_A_REAL_ONE)


def test_one_site_has_a_grid_of_one(htd: Htd) -> None:
    found = parse_htd(htd(Sites=False, XSites=1, YSites=1))
    assert (found.grid, found.site_count, found.site_cells) == ((1, 1), 1, ())


def test_rows_of_a_1536_well_plate(htd: Htd) -> None:
    found = parse_htd(
        htd(XWells=48, YWells=32, WellsSelection27=[False] * 47 + [True], WellsSelection32=[True] * 48)
    )
    assert found.wells == ("AA48", *(f"AF{column:02d}" for column in range(1, 49)))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('"XSites", two', "the value of 'XSites', 'two', is no number"),
        ('"Sites", YES', "the value of 'Sites', 'YES', is neither TRUE nor FALSE"),
        ('"WaveName1", DAPI', "the value of 'WaveName1', 'DAPI', is no text in quotes"),
        ('"XSites", 99999999999999999999', "the value of 'XSites', '99999999999999999999', is no number"),
        ("XSites 2", "lines that are not of the form '\"Key\", value': line 2, 'XSites 2'"),
        ('"WellsSelection33", TRUE', "'WellsSelection33' lies beyond 32 rows of 48 columns"),
        ('"WellsSelection1", TRUE, FALSE', "'WellsSelection1' has 2 values for 3 columns"),
    ],
)
def test_a_malformed_line_is_a_problem_and_costs_only_itself(htd: Htd, line: str, problem: str) -> None:
    data = htd(XWells=3, WaveName2="FITC").replace(b'"XWells"', line.encode() + b'\r\n"XWells"', 1)
    found = parse_htd(data)
    assert found.problems == (problem,)
    assert found.wave_names == {2: "FITC"}


def test_problems_are_bounded(htd: Htd) -> None:
    found = parse_htd(htd(**{f"WaveName{n}": 1 for n in range(1, 1000)}))
    assert len(found.problems) == 11
    assert found.problems[-1] == "and 989 more of this kind"


def test_a_file_cut_at_any_byte_is_read_as_far_as_it_goes() -> None:
    whole = parse_htd(LIKE_A_REAL_ONE)
    for end in range(len(LIKE_A_REAL_ONE)):
        found = parse_htd(LIKE_A_REAL_ONE[:end])
        assert set(found.wells) <= set(whole.wells)
        # All that may be lost without a word is the line break after the last line.
        assert found.problems or end >= len(LIKE_A_REAL_ONE.rstrip())


@given(
    st.binary(max_size=400)
    | st.lists(st.sampled_from(LIKE_A_REAL_ONE.splitlines()), max_size=12).map(b"\n".join)
)
def test_no_bytes_make_it_fail(data: bytes) -> None:
    parse_htd(data)


def test_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "P.HTD"
    path.write_bytes(LIKE_A_REAL_ONE + b"\n" * LARGEST_HTD)
    with pytest.raises(FormatError, match="no HTD file"):
        read_htd(str(path))


def test_a_line_of_blanks_takes_no_time() -> None:
    parse_htd(b'"XWells"' + b" " * (LARGEST_HTD - 10) + b"x")


def test_the_real_ones(plates: Path) -> None:
    small = read_htd(str(plates / "ix-zmb-export-3420/9987_Plate_3420/9987.HTD"))
    assert (small.description, small.wells, small.grid) == ("1t-1w-1s-1c-1z\nDAPI: 1z", ("B02",), (1, 1))
    assert (small.has_sites, small.has_waves, small.has_z, small.has_projection) == (
        False,
        False,
        False,
        True,
    )
    large = read_htd(str(plates / "ix-zmb-export-3433/9987_Plate_3433/9987.HTD"))
    assert (large.wells, large.grid, large.site_cells) == (("B02", "B03"), (1, 2), ((0, 0), (0, 1)))
    assert (large.wave_names, large.z_steps, large.timepoints) == ({1: "DAPI", 2: "FITC"}, 3, 1)
    assert large.identifier == "00400b39-31cb-40e4-8be6-a183fe9831ec"
    assert small.problems == large.problems == ()
