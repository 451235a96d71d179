"""Which file is which image, and that no two files are one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from openhcs_host.errors import PlateConflictError
from openhcs_microscope_imagexpress.images import Images, PlaneKey, assign
from openhcs_microscope_imagexpress.layout import walk
from openhcs_microscope_imagexpress.names import NameReader

Touch = Callable[..., Path]


def images(root: Path) -> Images:
    return assign(walk(root).folders)


def planes(found: Images) -> dict[PlaneKey, str]:
    return {(p.coordinates.well, *p.coordinates.place): p.path for p in found.planes}


def test_time_and_z_come_from_the_folders(touch: Touch) -> None:
    found = images(touch("TimePoint_2/ZStep_10/P_A01_s3_w2.TIF", "TimePoint_10/ZStep_2/P_A01_s3_w2.TIF"))
    assert planes(found) == {
        ("A01", 3, 2, 10, 2): "TimePoint_2/ZStep_10/P_A01_s3_w2.TIF",
        ("A01", 3, 2, 2, 10): "TimePoint_10/ZStep_2/P_A01_s3_w2.TIF",
    }


def test_z_may_come_from_the_name(touch: Touch) -> None:
    found = images(touch("P_A03_z013_w4.tif", "P_A03_z14_w4.tif"))
    assert sorted(planes(found)) == [("A03", 1, 4, 13, 1), ("A03", 1, 4, 14, 1)]
    assert found.problems == ()


def test_name_and_folder_that_agree_on_z_are_no_problem(touch: Touch) -> None:
    found = images(touch("ZStep_3/P_A03_w4_z3.tif"))
    assert (list(planes(found)), found.problems) == ([("A03", 1, 4, 3, 1)], ())


def test_name_and_folder_that_contradict_each_other_on_z_are_a_problem(touch: Touch) -> None:
    found = images(touch("ZStep_3/P_A03_w4_z7.tif"))
    assert list(planes(found)) == [("A03", 1, 4, 3, 1)]
    assert found.problems == (
        "the z in these names contradicts their ZStep folder, and the folder is followed: 'ZStep_3/P_A03_w4_z7.tif'",
    )


def test_projections_have_no_z(touch: Touch) -> None:
    found = images(touch("TimePoint_4/P_A01_w2_z5.TIF", "TimePoint_4/ZStep_1/P_A01_w2.TIF"))
    assert found.projections == {("A01", 1, 2, 4): "TimePoint_4/P_A01_w2_z5.TIF"}
    assert "are taken as projections: 'TimePoint_4/P_A01_w2_z5.TIF'" in found.problems[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1334/P_A01_s1_w1.TIF", "1335/P_A01_s1_w1.TIF"),
        ("P_A01_s1_w1.TIF", "P_A01_s1_w1.tif"),
        ("P_A01_s1_w1.TIF", "p_A01_s1_w1.TIF"),
        ("P_A01_s1.TIF", "P_A01_w1.TIF"),
        ("P_A01_s1_w1.TIF", "P_A01_s01_w01.TIF"),
        ("P_A01_z1.TIF", "P_A01.TIF"),
        ("TimePoint_1/P_A01.TIF", "P_A01.TIF"),
        ("TimePoint_1/P_A01.TIF", "Timepoint_1/P_A01.TIF"),
        ("ZStep_1/P_A01.TIF", "zstep_1/P_A01.TIF"),
        (
            "P_A01_w1E78EB128-BD0D-4D94-A6AD-3FF28BB1B105.tif",
            "P_A01_w192A46E20-C4C2-4748-B19D-541F77829FFA.tif",
        ),
        ("ZStep_0/P_A01.TIF", "P_A01.TIF"),
    ],
)
def test_two_files_with_one_place_are_a_conflict_that_names_both(touch: Touch, one: str, other: str) -> None:
    # The last pair conflicts as projections, for which a plane must stand beside them.
    root = touch(one, other, *(["ZStep_1/P_A01.TIF"] if one.startswith("ZStep_0") else []))
    with pytest.raises(PlateConflictError) as caught:
        images(root)
    assert repr(one) in str(caught.value)
    assert repr(other) in str(caught.value)


def test_different_beginnings_and_acquisitions_are_said(touch: Touch) -> None:
    found = images(touch("1/P_A01.TIF", "1/P_A02.TIF", "2/Q_A03.TIF", "2/A04_s1.TIF"))
    assert found.problems == (
        "the names of the images begin differently: 'P' (2), '' (1), 'Q' (1)",
        "the images lie in 2 acquisition folders: '1', '2'",
    )


def test_of_many_conflicts_the_first_by_name_is_told_whatever_the_order_of_the_file_system(
    touch: Touch,
) -> None:
    root = touch(*(f"{prefix}_{well}_s1.TIF" for prefix in "cab" for well in ("B01", "A02", "A01")))
    real, told = os.listdir(root), set()
    for names in itertools.islice(itertools.permutations(sorted(real)), 0, None, 5039):
        folder = attrs.evolve(walk(root).folders[0], images={})
        reader = NameReader()
        for name in names:
            said = reader.read(name)
            assert said is not None
            well, numbers = said
            folder.images.setdefault(numbers, []).extend((well, name))
        with pytest.raises(PlateConflictError) as caught:
            assign([folder])
        told.add(str(caught.value))
    assert len(told) == 1 and "'a_A01_s1.TIF' and 'b_A01_s1.TIF'" in told.pop()
