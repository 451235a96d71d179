"""Real listings, read a second way: by hand from the right, with no pattern of the handler's."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhcs_host.errors import PlateError
from openhcs_microscope_imagexpress.handler import ImageXpressHandler
from openhcs_microscope_imagexpress.names import NameReader, parse_name

HEXADECIMAL = set("0123456789abcdefABCDEF")
Fields = tuple[str, str, int, int, int | None, bool]
"""Prefix, well, site, channel, z and whether it is a thumbnail."""


def is_guid(text: str) -> bool:
    parts = text.split("-")
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and all(
        set(part) <= HEXADECIMAL for part in parts
    )


def is_well(text: str) -> bool:
    letters = text.rstrip("0123456789")
    column = text[len(letters) :]
    rows = [chr(65 + n) for n in range(26)] + ["A" + chr(65 + n) for n in range(6)]
    return letters in rows and len(column) == 2 and 1 <= int(column) <= 48


def without_guid(stem: str) -> str:
    if stem.endswith("]") and is_guid(stem[-37:-1]) and stem[-39:-37] == "_[":
        return stem[:-39]
    if is_guid(stem[-36:]):
        return stem[:-36].removesuffix("_")
    return stem


def read_by_hand(name: str) -> Fields | None:
    stem, dot, extension = name.rpartition(".")
    if not dot or extension.lower() not in ("tif", "tiff") or name.startswith("._"):
        return None
    tokens = without_guid(stem).split("_")
    thumbnail = tokens[-1] == "thumb"
    if thumbnail:
        tokens.pop()
    numbers: dict[str, int] = {}
    while tokens and tokens[-1][:1] in ("s", "w", "z") and tokens[-1][1:].isdigit() and tokens[-1].isascii():
        token = tokens.pop()
        if token[0] in numbers or (token[0] == "w" and "s" in numbers) or len(token) > 7:
            return None
        numbers[token[0]] = int(token[1:])
    if not tokens or not is_well(tokens[-1]):
        return None
    well = tokens.pop()
    return "_".join(tokens), well, numbers.get("s", 1), numbers.get("w", 1), numbers.get("z"), thumbnail


def names_of(listing: Path) -> list[str]:
    return [line.rpartition("/")[2] for line in listing.read_text(encoding="utf-8").splitlines()]


def assert_read_alike(names: list[str]) -> int:
    """Compare every field of every name, and return how many names are images."""
    images, reader = 0, NameReader()
    for name in names:
        expected, found, said = read_by_hand(name), parse_name(name), reader.read(name)
        assert (None if found is None else found[1:7]) == expected, name
        assert (said is None) == (expected is None), name
        if expected is not None and said is not None:
            well, numbers = said
            read = (well, numbers.site, numbers.channel, numbers.z_index, numbers.thumbnail)
            assert read == expected[1:], name
            images += 1
    return images


def test_the_names_of_six_screens(listings: Path) -> None:
    names = names_of(listings / "parserix_imagexpress_paths.txt")
    assert (len(names), assert_read_alike(names), names.count("Thumbs.db")) == (3601, 3600, 1)


def test_the_names_that_another_reader_quotes(listings: Path) -> None:
    names = names_of(listings / "imagedb_example_paths.txt")
    assert (len(names), assert_read_alike(names)) == (41, 23)


def test_the_names_of_the_real_plates(plates: Path) -> None:
    names = sorted(path.name for path in plates.glob("ix-*/**/*") if path.is_file())
    others = sorted({name.rpartition(".")[2] for name in names if read_by_hand(name) is None})
    assert (len(names), assert_read_alike(names), others) == (249, 237, ["HTD", "txt"])


def number_of(folder: str, kind: str) -> int | None:
    stem, _, number = folder.rpartition("_")
    return int(number) if stem.lower() == kind and number.isdigit() else None


def expected_planes(paths: list[str]) -> dict[tuple[object, ...], str]:
    """Say by hand which image every path is; ``ZStep`` folders here hold no projections."""
    planes: dict[tuple[object, ...], str] = {}
    for path in paths:
        *folders, name = path.split("/")
        said = read_by_hand(name)
        if said is None or said[5]:
            continue
        times = [n for folder in folders if (n := number_of(folder, "timepoint")) is not None]
        steps = [n for folder in folders if (n := number_of(folder, "zstep")) is not None]
        z = steps[-1] if steps else said[4] or 1
        planes[said[1], said[2], said[3], z, times[-1] if times else 1] = path
    return planes


@pytest.mark.parametrize("listing", ["parserix_imagexpress_paths.txt", "imagedb_example_paths.txt"])
def test_every_folder_of_the_listings_is_read_as_by_hand(
    handler: ImageXpressHandler, listings: Path, tmp_path: Path, listing: str
) -> None:
    plates: dict[str, list[str]] = {}
    for number, line in enumerate((listings / listing).read_text(encoding="utf-8").splitlines()):
        folder, _, name = line.strip().rpartition("/")
        above, _, last = folder.rpartition("/")
        inside = (
            [last] if number_of(last, "zstep") is not None or number_of(last, "timepoint") is not None else []
        )
        # Paths that a document quotes are of as many plates; those of a listing lie side by side.
        plate = f"{number}" if listing.startswith("imagedb") else (above if inside else folder)
        plates.setdefault(plate, []).append("/".join([*inside, name]))
    read = 0
    for number, paths in enumerate(plates.values()):
        for path in paths:
            (tmp_path / f"{number}" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / f"{number}" / path).touch()
        expected = expected_planes(paths)
        if not expected:
            with pytest.raises(PlateError, match="holds no plane"):
                handler.read(tmp_path / f"{number}")
            continue
        reading = handler.read(tmp_path / f"{number}")
        found = {(p.coordinates.well, *p.coordinates.place): p.path for p in reading.planes}
        assert found == expected
        read += len(found)
    assert read == {"parserix_imagexpress_paths.txt": 1800, "imagedb_example_paths.txt": 16}[listing]
