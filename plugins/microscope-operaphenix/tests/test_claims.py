"""Files and the Index: which file is which plane."""

from __future__ import annotations

import pytest

from openhcs_host.errors import PlateConflictError
from openhcs_microscope_operaphenix.claims import Claims
from openhcs_microscope_operaphenix.layout import Folder
from openhcs_microscope_operaphenix.names import name_parts


def claims(*names: str) -> Claims:
    folder = Folder("Images", {}, [], [])
    for name in names:
        parts, path = name_parts(name), f"Images/{name}"
        if parts is None:
            folder.odd.append(path)
        elif parts[0] in folder.images.setdefault(parts[1], {}):
            folder.doubles.append((parts[1], parts[0], path))
        else:
            folder.images[parts[1]][parts[0]] = path
    return Claims.of([folder])


def image(
    url: str, row: int = 1, col: int = 1, field: int = 1, plane: int = 1, t: int = 0, ch: int = 1
) -> dict[str, str]:
    return {
        "URL": url,
        "State": "Ok",
        "Row": str(row),
        "Col": str(col),
        "FieldID": str(field),
        "PlaneID": str(plane),
        "TimepointID": str(t),
        "ChannelID": str(ch),
    }


ONE = "r01c01f01p01-ch1sk1fk1fl1.tiff"
TWO = "r01c01f01p01-ch1sk2fk1fl1.tiff"


@pytest.mark.parametrize("first", [0, 1])
def test_time_counts_from_one_whatever_the_index_counts_from(first: int) -> None:
    found = claims(ONE, TWO)
    found.take(image(ONE, t=first))
    found.take(image(TWO, t=first + 1))
    assert found.settle(5) == 0
    assert set(found.planes) == {(1, 1, 1, 1), (1, 1, 1, 2)}
    assert list(found.problems(True)) == []


def test_times_that_do_not_run_alike_are_said_and_names_followed() -> None:
    found = claims(ONE, TWO)
    found.take(image(ONE, t=0))
    found.take(image(TWO, t=0))
    found.settle(5)
    assert set(found.planes) == {(1, 1, 1, 1), (1, 1, 1, 2)}
    assert "do not run alike" in next(found.problems(True))


@pytest.mark.parametrize(("version", "first"), [(5, 0), (7, 1), (7, 0), (None, 0)])
def test_names_that_tell_nothing_are_placed_by_the_index(version: int | None, first: int) -> None:
    found = claims("a.tif", "b.tif", "c.tif")
    found.take(image("a.tif", row=2, field=3, plane=4, t=first, ch=5))
    found.take(image("b.tif", row=2, field=3, plane=4, t=first + 1, ch=5))
    assert found.settle(version) == 1
    assert found.planes == {(3, 5, 4, 1): {"B01": "Images/a.tif"}, (3, 5, 4, 2): {"B01": "Images/b.tif"}}


def test_the_index_is_believed_before_the_name() -> None:
    found = claims(ONE, "r01c01f02p01-ch1sk1fk1fl1.tiff")
    found.take(image(ONE, field=2))
    found.take(image("r01c01f02p01-ch1sk1fk1fl1.tiff", field=1))
    found.settle(5)
    places = {place: path for place, wells in found.planes.items() for path in wells.values()}
    assert places == {(2, 1, 1, 1): f"Images/{ONE}", (1, 1, 1, 1): "Images/r01c01f02p01-ch1sk1fk1fl1.tiff"}
    (problem,) = found.problems(True)
    assert problem.startswith("2 files are named as another plane than the Index says")


def test_two_files_of_one_place_are_a_conflict_naming_both() -> None:
    found = claims(ONE, "r01c01f02p01-ch1sk1fk1fl1.tiff")
    found.take(image(ONE))
    found.take(image("r01c01f02p01-ch1sk1fk1fl1.tiff"))
    with pytest.raises(PlateConflictError, match=r"f01p01.*and.*f02p01"):
        found.settle(5)


def test_two_names_of_one_place_are_a_conflict_unless_the_index_tells_them_apart() -> None:
    names = (ONE, "r01c01f01p01-ch01t01.tiff")
    with pytest.raises(PlateConflictError):
        claims(*names).settle(None)
    found = claims(*names)
    found.take(image(names[0]))
    found.take(image(names[1], ch=2))
    assert found.settle(5) == 0
    assert set(found.planes) == {(1, 1, 1, 1), (1, 2, 1, 1)}


@pytest.mark.parametrize(
    "url",
    [
        "../x.tiff",
        "/etc/passwd",
        "C:\\x.tiff",
        "..\\x.tiff",
        "file:///x",
        "a/../../x.tiff",
        "a/",
        "http://x/y.tiff",
    ],
)
def test_urls_that_lead_away_are_said_and_not_followed(url: str) -> None:
    found = claims(ONE)
    found.take(image(url))
    assert found.settle(5) == 0
    assert next(found.problems(False)).startswith("file names that lead out of the plate, not followed:")


@pytest.mark.parametrize("url", [f"r01c01/{ONE}", f"r01c01\\{ONE}", f" {ONE} "])
def test_urls_with_a_folder_are_found_by_their_name(url: str) -> None:
    found = claims(ONE)
    found.take(image(url))
    found.settle(5)
    assert list(found.problems(True)) == []


def test_absent_unrecorded_unlisted_and_doubled_planes_are_said() -> None:
    found = claims(ONE, TWO)
    found.take(image(ONE))
    found.take(image(ONE))
    found.take(image(""))
    found.take(image("r03c03f01p01-ch1sk1fk1fl1.tiff", row=3, col=3))
    found.take(image("gone.tif") | {"State": "Lost"})
    found.settle(5)
    assert [*found.absences(), *found.problems(True)] == [
        "planes that the Index lists and that have no file: 2 of 5, in wells A01, C03: "
        "'r03c03f01p01-ch1sk1fk1fl1.tiff', 'gone.tif'",
        "planes that the Index lists as not recorded: 1 of 5",
        f"files that the Index lists more than once: 'Images/{ONE}'",
        "planes whose state is not Ok: 'gone.tif' ('Lost')",
        f"1 image that the Index does not list, read by name: 'Images/{TWO}'",
    ]
    assert found.planes == {(1, 1, 1, 1): {"A01": f"Images/{ONE}"}, (1, 1, 1, 2): {"A01": f"Images/{TWO}"}}


def test_what_the_index_leaves_out_the_name_tells() -> None:
    found = claims(ONE, "odd.tif")
    found.take({"URL": ONE})
    found.take({"URL": "odd.tif", "Row": "1", "Col": "1"})
    assert found.settle(5) == 1
    assert found.planes == {(1, 1, 1, 1): {"A01": f"Images/{ONE}"}}
    assert "without saying which plane" in next(found.problems(True))


def test_a_name_of_its_own_listed_twice_is_said_and_not_called_absent() -> None:
    found = claims("odd.tif")
    found.take(image("odd.tif"))
    found.take(image("odd.tif", field=2))
    assert found.settle(5) == 0
    assert found.planes == {(1, 1, 1, 1): {"A01": "Images/odd.tif"}}
    assert list(found.problems(True)) == ["files that the Index lists more than once: 'odd.tif'"]
