"""The grammar of MetaXpress file names, with every trap that real plates have set."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openhcs_microscope_imagexpress import names as names_module
from openhcs_microscope_imagexpress.names import ImageName, NameReader, parse_name

GUID = "1E1E486E-BD0D-4D94-A6AD-3FF28BB1B105"


def fields(name: str) -> tuple[str, str, int, int, int | None, bool] | None:
    found = parse_name(name)
    return None if found is None else found[1:7]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # exports
        ("9987_B02_s1_w1.TIF", ("9987", "B02", 1, 1, None, False)),
        ("9987_B02.TIF", ("9987", "B02", 1, 1, None, False)),
        ("9987_B02_s12.TIF", ("9987", "B02", 12, 1, None, False)),
        ("9987_B02_w5.tiff", ("9987", "B02", 1, 5, None, False)),
        (
            "20220802 IF9 8xC1-24 R1 3013 P1_K01_s10_w1.TIF",
            ("20220802 IF9 8xC1-24 R1 3013 P1", "K01", 10, 1, None, False),
        ),
        # copies of the database: the GUID is glued on, its digits are not part of the number
        (f"P_A01_s1_w1{GUID}.tif", ("P", "A01", 1, 1, None, False)),
        (f"P_A01_s15{GUID}.tif", ("P", "A01", 15, 1, None, False)),
        ("P_A01_s22A31C13E-8DCD-42F5-B2BD-B270F2E9223D.tif", ("P", "A01", 2, 1, None, False)),
        ("P_A01_s1_w1401562CF-BD52-4C90-A944-83185F26B372.tif", ("P", "A01", 1, 1, None, False)),
        (
            "MRC5-CellDensity-384_I04E7E3B2C3-9420-452B-ACB6-89128BDC69BB.tif",
            ("MRC5-CellDensity-384", "I04", 1, 1, None, False),
        ),
        (f"P_A01_s1_w1{GUID.lower()}.Tif", ("P", "A01", 1, 1, None, False)),
        (f"P_A01_s1_w1_{GUID}.tif", ("P", "A01", 1, 1, None, False)),
        (f"P_A01_s1_[{GUID}].tif", ("P", "A01", 1, 1, None, False)),
        (f"P_A01_{GUID}.tif", ("P", "A01", 1, 1, None, False)),
        (f"P_A01_s1_w2{GUID.lower()}.tif", ("P", "A01", 1, 2, None, False)),
        # thumbnails
        (f"P_A01_s1_w3_thumb{GUID}.tif", ("P", "A01", 1, 3, None, True)),
        (f"P_A01_s1_w3_thumb_{GUID}.tif", ("P", "A01", 1, 3, None, True)),
        ("P_A01_thumb.tif", ("P", "A01", 1, 1, None, True)),
        # prefixes: none, punctuation, tokens that look like wells
        ("D07_s1_w192A46E20-C4C2-4748-B19D-541F77829FFA.tif", ("", "D07", 1, 1, None, False)),
        ("A01_plate_B02_s1_w1.TIF", ("A01_plate", "B02", 1, 1, None, False)),
        ("A01_B02_s1.tif", ("A01", "B02", 1, 1, None, False)),
        ("384-pilot-4x_v1.2_G16_w1.tif", ("384-pilot-4x_v1.2", "G16", 1, 1, None, False)),
        ("P_s3_w2_C04_s1_w1.tif", ("P_s3_w2", "C04", 1, 1, None, False)),
        # z in the name, in custom exports
        ("221020-cr-spheroid-pilot7_A03_z013_w4.tif", ("221020-cr-spheroid-pilot7", "A03", 1, 4, 13, False)),
        ("A01_s1_w1_z1.tif", ("", "A01", 1, 1, 1, False)),
        # 1536 wells
        ("P_AA01_s1_w1.TIF", ("P", "AA01", 1, 1, None, False)),
        ("P_AF48.TIF", ("P", "AF48", 1, 1, None, False)),
        ("P_Z48.TIF", ("P", "Z48", 1, 1, None, False)),
    ],
)
def test_names_of_images(name: str, expected: tuple[object, ...]) -> None:
    assert fields(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "9987_A01_w2-foregroun.tif",
        "9987_A01_w2_mask.tif",
        "9987_B02_s1_w1.png",
        "9987.HTD",
        "Thumbs.db",
        "results.csv",
        "SOURCE.txt",
        "A01_s001_w1_z001_t001.tif",  # a virtual name of OpenHCS
        "r01c01f01p01-ch1sk1fk1fl1.tiff",  # Harmony
        "r03c03f02p01-ch01t01.tiff",
        "001001-1-001001001.tif",  # older Harmony
        "W1_B02_T0001F001L01A01Z01C01.tif",  # Yokogawa
        "A1_s1_6.tif",  # columns have two digits
        "P_A00_s1_w1.tif",
        "P_A49_s1_w1.tif",
        "P_AG01_s1_w1.tif",
        "P_a01_s1_w1.tif",  # lower case is no well
        "P_A01_S1_W1.tif",
        "PA01_s1_w1.tif",  # the well is a token of its own
        "P_A01_s_w1.tif",
        "P_A01_w1_s1.tif",
        "P_A01_s1_z1_w1_z2.tif",  # two z
        "P_A01_s1234567_w1.tif",
        f"P_A01_s1_w1{GUID[:-1]}.tif",
        f"P_A01_s1_w1[{GUID}].tif.part",
        "._9987_B02_s1_w1.TIF",  # the shadow that macOS leaves beside a file
        "P_A01_s１_w1.tif",  # a digit, but not an ASCII one
        ".tif",
        "",
    ],
)
def test_other_names_are_not_recognised(name: str) -> None:
    assert parse_name(name) is None


def test_a_well_alone_tells_less_than_a_site_a_channel_or_a_guid() -> None:
    telling = {
        name: parse_name(name).telling
        for name in ("P_B02.TIF", "P_B02_s1.TIF", "P_B02_w1.TIF", f"P_B02{GUID}.tif")
    }
    assert list(telling.values()) == [False, True, True, True]


WELLS = st.builds(
    lambda row, column: f"{row}{column:02d}",
    st.sampled_from([*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "AA", "AB", "AC", "AD", "AE", "AF"]),
    st.integers(1, 48),
)
NUMBERS = st.integers(0, 999_999)
TAILS = st.sampled_from(["{}", "_{}", "_[{}]"])
GUIDS = st.one_of(
    st.just(""),
    st.builds(
        lambda tail, guid, upper: tail.format(str(guid).upper() if upper else guid),
        TAILS,
        st.uuids(),
        st.booleans(),
    ),
)


@given(
    prefix=st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1),
    well=WELLS,
    site=st.none() | NUMBERS,
    channel=st.none() | NUMBERS,
    z_index=st.none() | NUMBERS,
    thumbnail=st.booleans(),
    guid=GUIDS,
    extension=st.sampled_from([".tif", ".TIF", ".tiff", ".TIFF", ".Tif"]),
    z_first=st.booleans(),
    bare=st.booleans(),
)
def test_every_name_that_can_be_written_is_read_back(
    prefix: str,
    well: str,
    site: int | None,
    channel: int | None,
    z_index: int | None,
    thumbnail: bool,
    guid: str,
    extension: str,
    z_first: bool,
    bare: bool,
) -> None:
    z, w = ("" if n is None else f"_{letter}{n}" for letter, n in (("z", z_index), ("w", channel)))
    name = "" if bare else f"{prefix}_"
    name += well + ("" if site is None else f"_s{site}") + (z + w if z_first else w + z)
    name += ("_thumb" if thumbnail else "") + guid + extension
    assume(not name.startswith("._"))  # the shadow of another file
    assert parse_name(name) == ImageName(
        file=name,
        prefix="" if bare else prefix,
        well=well,
        site=1 if site is None else site,
        channel=1 if channel is None else channel,
        z_index=z_index,
        thumbnail=thumbnail,
        telling=bool(guid) or site is not None or channel is not None,
    )


@given(st.text(max_size=255))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    assert parse_name(text) is None or parse_name(text) == parse_name(text)


@given(
    st.lists(
        st.builds(
            "{}{}{}{}{}".format,
            st.sampled_from(["", "P_", "P_A01_", "A01_", "._P_", "P", "_"]),
            st.sampled_from(["A01", "A02", "P24", "AA05", "A00", "A012", "a01"]),
            st.sampled_from(
                ["", "_s1", "_s1_w2", "_w2_s1", "_s1_w2_thumb", "_z3_w1", "_", "_B02", "_s01", "_s1_B03_w1"]
            ),
            st.sampled_from(
                ["", "_", GUID, GUID.lower(), f"_{GUID}", f"_[{GUID}]", GUID[:-1], "12", f"{GUID}{GUID}"]
            ),
            st.sampled_from([".tif", ".TIF", ".tiff", ".png", "", ".tif\n"]),
        ),
        max_size=30,
    )
)
def test_a_reader_of_many_names_says_of_each_what_the_pattern_says(names: list[str]) -> None:
    reader, prefixes = NameReader(), set()
    for name in names:
        said, image = reader.read(name), parse_name(name)
        if image is None:
            assert said is None, name
            continue
        assert said is not None, name
        well, numbers = said
        read = (well, numbers.site, numbers.channel, numbers.z_index, numbers.thumbnail)
        assert read == (image.well, image.site, image.channel, image.z_index, image.thumbnail), name
        prefixes.add(image.prefix)
    assert reader.prefixes == prefixes


def test_a_guid_that_would_reach_into_the_well_is_none() -> None:
    reader = NameReader()
    assert reader.read(f"P_A01{GUID}.tif") is not None
    assert reader.read("P_A01234567-BD0D-4D94-A6AD-3FF28BB1B105.tif") is None


def test_names_that_are_all_different_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_module, "_MOST_KNOWN", 100)
    reader, numbers = NameReader(), range(1, 4001)
    tracemalloc.start()
    sites = [said[1].site for n in numbers if (said := reader.read(f"P_A01_s{n:06d}.tif")) is not None]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sites == list(numbers)
    assert held < 1_000_000
