"""The grammar of image names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.images import well_name
from openhcs_microscope_operaphenix.names import halves, name_parts


@pytest.mark.parametrize(
    ("name", "well", "place"),
    [
        ("r01c01f01p01-ch1sk1fk1fl1.tiff", "A01", (1, 1, 1, 1)),
        ("r03c03f02p01-ch01t01.tiff", "C03", (2, 1, 1, 1)),
        ("001001-1-001001001.tif", "A01", (1, 1, 1, 1)),
        ("002003-41-005006007.tif", "B03", (41, 7, 5, 6)),
        ("r27c05f123p104-ch12sk1000fk1fl1.TIFF", "AA05", (123, 12, 104, 1000)),
        ("r16c24f09p100-ch06t120.Tif", "P24", (9, 6, 100, 120)),
    ],
)
def test_every_style_is_read(name: str, well: str, place: tuple[int, int, int, int]) -> None:
    assert name_parts(name) == (well, place)


@pytest.mark.parametrize(
    "name",
    [
        "r00c01f01p01-ch1sk1fk1fl1.tiff",
        "r01c00f01p01-ch1sk1fk1fl1.tiff",
        "r01c01f01p01-ch1sk0fk1fl1.tiff",
        "r01c01f01p01-ch1.tiff",
        "r01c01-1-001001001.tif",
        "001001f01p01-ch1sk1fk1fl1.tiff",
        "001001-1-0010010011.tif",
        "._r01c01f01p01-ch1sk1fk1fl1.tiff",
        "r01c01f01p01-ch1sk1fk1fl1.tiff\n",
        "r01c01f01p01-ch1sk1fk1fl1.png",
        "r٠١c01f01p01-ch1sk1fk1fl1.tiff",
        "A01_s001_w1_z001_t001.tif",
        "9987_B02_s1_w1.TIF",
        "r01c01f01p01-ch1sk" + "9" * 5000 + "fk1fl1.tiff",
        "",
    ],
)
def test_other_names_are_none(name: str) -> None:
    assert name_parts(name) is None


_number = st.integers(1, 999)


@given(st.integers(1, 48), st.integers(1, 48), _number, _number, _number, _number)
def test_what_is_written_is_read(row: int, column: int, site: int, z: int, t: int, channel: int) -> None:
    expected = (well_name(row, column), (site, channel, z, t))
    stem = f"r{row:02d}c{column:02d}f{site:02d}p{z:02d}-ch{channel}"
    assert name_parts(f"{stem}sk{t}fk1fl1.tiff") == expected
    assert name_parts(f"{stem}t{t:02d}.tiff") == expected
    assert name_parts(f"{row:03d}{column:03d}-{site}-{z:03d}{t:03d}{channel:03d}.tif") == expected


@given(st.lists(st.tuples(st.integers(1, 110), st.integers(1, 110), _number, st.integers(0, 2)), min_size=2))
def test_pieces_of_any_two_names_that_fit_make_the_name_of_both(
    numbers: list[tuple[int, int, int, int]],
) -> None:
    styles = (
        "r{r:02d}c{c:02d}f{n:02d}p01-ch1sk1fk1fl1.tiff",
        "r{r:02d}c{c:02d}f{n:02d}p01-ch01t01.tiff",
        "{r:03d}{c:03d}-{n}-001001001.tif",
    )
    names = [styles[style].format(r=r, c=c, n=n) for r, c, n, style in numbers]
    pieces = [both for name in names if (both := halves(name))]
    for first, _ in pieces:
        for _, second in pieces:
            if first[6] == second[0]:
                well, place = name_parts(first[:6] + second) or ("", ())
                assert (well, place) == (parts(first, pieces, names)[0], parts(second, pieces, names)[1])


def parts(piece: str, pieces: list[tuple[str, str]], names: list[str]) -> tuple[str, object]:
    """Return what the first name with this piece says."""
    whole = next(name for name in names if (both := halves(name)) and piece in both)
    found = name_parts(whole)
    assert found is not None
    return found


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_not(text: str) -> None:
    name_parts(text)
    name_parts(f"{text}.tiff")
