"""The deep look at every header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhcs_microscope_imagexpress.images import assign
from openhcs_microscope_imagexpress.inspection import inspect
from openhcs_microscope_imagexpress.layout import walk

Image = Callable[..., Path]


@pytest.fixture
def problems(tmp_path: Path) -> Callable[[], list[str]]:
    return lambda: list(inspect(tmp_path, assign(walk(tmp_path).folders)))


def test_headers_that_agree_with_the_names_have_nothing_to_say(
    image: Image, problems: Callable[[], list[str]]
) -> None:
    for z in (1, 2):
        image(
            f"TimePoint_2/ZStep_{z}/P_A01_s3.TIF",
            {"stage-label": "A01 : Site 3", "Z Step": z, "Timepoint": 2},
        )
    image(
        "TimePoint_2/ZStep_0/P_A01_s3.TIF", {"stage-label": "A01 : Site 3", "Z Projection Method": "Maximum"}
    )
    assert problems() == []


def test_files_that_cannot_be_read(image: Image, problems: Callable[[], list[str]]) -> None:
    whole = image("P_A01.TIF", {"Z Step": 1}).read_bytes()
    for column in range(2, 12):
        image(f"P_A{column:02d}.TIF").write_bytes(whole[: column - 2])
    (problem,) = problems()
    assert problem.startswith("images that cannot be read (10): 'P_A02.TIF' (")
    assert problem.endswith(" and 5 more")


def test_images_that_differ_from_the_majority(image: Image, problems: Callable[[], list[str]]) -> None:
    image("P_A01.TIF")
    image("P_A02.TIF")
    image("P_A03.TIF", shape=(4, 7))
    image("P_A04.TIF", dtype="u1")
    assert problems() == [
        "the images are not all alike: 6 x 4 uint16 (2), 7 x 4 uint16 (1, like 'P_A03.TIF'), "
        "6 x 4 uint8 (1, like 'P_A04.TIF')"
    ]


def test_more_than_one_page(image: Image, problems: Callable[[], list[str]]) -> None:
    image("P_A01.TIF", shape=(3, 4, 6))
    assert problems() == ["images of more than one page, of which the plane is the first (1): 'P_A01.TIF'"]


def test_a_stage_label_that_contradicts_the_name(image: Image, problems: Callable[[], list[str]]) -> None:
    image("P_A01_s1.TIF", {"stage-label": "A01 : Site 2"})
    image("P_A02_s1.TIF", {"stage-label": "B02 : Site 1"})
    image("P_A03_s1.TIF", {"stage-label": "a place"})
    assert problems() == [
        "images with a stage label that contradicts their name (2): 'P_A01_s1.TIF' says 'A01 : Site 2', "
        "'P_A02_s1.TIF' says 'B02 : Site 1'"
    ]


def test_filled_copies(image: Image, problems: Callable[[], list[str]]) -> None:
    for t, z in ((1, 1), (1, 2), (2, 1), (2, 2)):
        image(f"TimePoint_{t}/ZStep_{z}/P_A01_w1.TIF", {"Z Step": z, "Timepoint": t})
        image(f"TimePoint_{t}/ZStep_{z}/P_A01_w2.TIF", {"Z Step": 1, "Timepoint": 1})
    assert problems() == [
        "filled copies, in the place of planes that were not acquired (3): "
        "'TimePoint_2/ZStep_1/P_A01_w2.TIF' is z 1 of time point 1, "
        "'TimePoint_1/ZStep_2/P_A01_w2.TIF' is z 1 of time point 1, "
        "'TimePoint_2/ZStep_2/P_A01_w2.TIF' is z 1 of time point 1"
    ]


def test_a_number_that_no_other_plane_has(image: Image, problems: Callable[[], list[str]]) -> None:
    image("P_A01.TIF", {"Z Step": 4})
    assert problems() == [
        "images acquired as another plane than their place says (1): 'P_A01.TIF' is z 4 of time point 1"
    ]


def test_projections_among_planes_and_planes_among_projections(
    image: Image, problems: Callable[[], list[str]]
) -> None:
    image("ZStep_1/P_A01_w1.TIF", {"Z Projection Method": "Maximum"})
    image("ZStep_1/P_A01_w2.TIF", {"Z Projection Method": "Maximum"})
    image("ZStep_0/P_A01_w1.TIF", {"Z Step": 1})
    assert problems() == [
        "by their header, 2 planes of channels 1, 2 are projections ('Maximum'); "
        "they stand where planes stand and are read as planes",
        "single planes by their header that stand where projections stand (1): 'ZStep_0/P_A01_w1.TIF' is z 1",
    ]
