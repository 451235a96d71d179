"""What one image of the Index says of its file."""

from __future__ import annotations

import pytest

from openhcs_microscope_operaphenix import listed
from openhcs_microscope_operaphenix.listed import Listed, PlaceReader, file_name

TEXTS = {"Row": "2", "Col": "3", "FieldID": "4", "ChannelID": "5", "PlaneID": "6", "TimepointID": "0"}
NAMED = ("H12", (9, 8, 7, 6))


@pytest.mark.parametrize(
    ("url", "name"),
    [("a.tiff", "a.tiff"), ("x/a.tiff", "a.tiff"), ("x\\y\\a.tiff", "a.tiff"), ("./a.tiff", "a.tiff")],
)
def test_the_file_name_of_a_relative_url(url: str, name: str) -> None:
    assert file_name(url) == name


@pytest.mark.parametrize("url", ["/a", "\\\\host\\a", "../a", "x/../a", "C:\\a", "f:///a", "x/"])
def test_urls_that_lead_away_have_none(url: str) -> None:
    assert file_name(url) is None


def test_a_place_is_read_alike_each_time_and_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "_MOST_KEPT", 2)
    reader = PlaceReader()
    for number in ("1", "2", "3", "1"):
        assert reader.read(TEXTS | {"Row": number, "FieldID": number}) == (
            f"{' ABC'[int(number)]}03",
            (int(number), 5, 6),
            0,
        )


def test_what_is_not_said_or_no_number_is_unknown() -> None:
    assert PlaceReader().read({}) == (None, (None, None, None), None)
    assert PlaceReader().read(TEXTS | {"Row": "0", "PlaneID": "x"}) == (None, (4, 5, None), 0)


@pytest.mark.parametrize(
    ("named", "well", "said", "timepoint_id", "target"),
    [
        (NAMED, "B03", (1, 2, 3), 4, ("B03", (1, 2, 3, 6))),
        (NAMED, None, (1, None, 3), None, ("H12", (1, 8, 3, 6))),
        (None, "B03", (1, 2, 3), 4, ("B03", (1, 2, 3, 5))),
        (None, "B03", (1, 2, 3), None, ("B03", (1, 2, 3, 1))),
        (None, "B03", (1, None, 3), 4, ("B03", None)),
        (None, None, (1, 2, 3), 4, (None, (1, 2, 3, 5))),
    ],
)
def test_the_index_is_believed_then_the_name_and_of_time_the_name(
    named: tuple[str, tuple[int, int, int, int]] | None,
    well: str | None,
    said: tuple[int | None, int | None, int | None],
    timepoint_id: int | None,
    target: tuple[object, object],
) -> None:
    assert Listed("a.tiff", named, well, said, timepoint_id).target(1) == target
