"""Numbers by well out of tables."""

from __future__ import annotations

import pytest

from openhcs_host import FileManager
from openhcs_report.result_tables import measurements_of, read_tables, unit_of


def rows(header: str, *lines: str) -> list[dict[str, str]]:
    names = header.split(",")
    return [dict(zip(names, line.split(","), strict=True)) for line in lines]


def test_each_numeric_column_is_a_measurement_with_the_texts_of_the_table():
    found, problems = measurements_of(
        "t.csv", rows("well,sites,count,verdict", "A01,2,0012,good", "B02,2,1e3,bad")
    )
    assert problems == [] and [measured.name for measured in found] == ["sites", "count"]
    assert found[1].values == {"A01": 12.0, "B02": 1000.0}
    assert found[1].texts == {"A01": "0012", "B02": "1e3"}
    assert found[1].label == "count"


def test_cells_without_a_finite_number_are_no_value():
    found, _ = measurements_of("t.csv", rows("well,x", "A01,", "A02,nan", "A03,inf", "A04,-2.5"))
    assert [(measured.name, measured.values) for measured in found] == [("x", {"A04": -2.5})]


@pytest.mark.parametrize("cells", [("", ""), ("nan", "nan"), ("1_000", "2"), ("True", "False"), ("1,5", "2")])
def test_columns_that_are_no_numbers_are_not_measured(cells):
    told = [{"well": "A01", "x": cells[0]}, {"well": "A02", "x": cells[1]}]
    assert measurements_of("t.csv", told) == ([], [])


def test_channels_and_time_points_are_told_apart_and_sites_averaged_and_counted():
    table = rows(
        "well,site,channel,mean",
        "A01,1,1,10",
        "A01,2,1,20",
        "A01,1,2,5",
        "B01,1,1,7",
        "B01,2,1,",
        "B01,1,2,6",
    )
    found, _ = measurements_of("t.csv", table)
    by_label = {measured.label: measured for measured in found}
    assert list(by_label) == ["mean, channel 1", "rows, channel 1", "mean, channel 2"]
    assert by_label["mean, channel 1"].values == {"A01": 15.0, "B01": 7.0}
    assert by_label["mean, channel 1"].texts == {"A01": "15 (mean of 2 rows)", "B01": "7 (mean of 1 row)"}
    assert by_label["rows, channel 1"].values == {"A01": 2.0, "B01": 2.0}


def test_many_groups_are_averaged_together():
    found, _ = measurements_of("t.csv", rows("well,timepoint,x", *(f"A01,{t},{t}" for t in range(1, 10))))
    assert [(measured.label, measured.values) for measured in found] == [
        ("x", {"A01": 5.0}),
        ("rows", {"A01": 9.0}),
    ]


def test_wells_are_found_however_a_table_writes_them_and_others_are_told():
    found, problems = measurements_of("t.csv", rows(" Well,x", "a1,1", "AF48,2", "B002,3", "mean,4", "C00,5"))
    assert found[0].values == {"A01": 1.0, "AF48": 2.0, "B02": 3.0}
    assert problems == ["2 rows of the table 't.csv' name no well: 'mean', 'C00'"]


def test_tables_without_rows_wells_or_usable_wells_are_told():
    assert measurements_of("t.csv", []) == ([], ["the table 't.csv' has no rows"])
    assert "no column 'well'" in measurements_of("t.csv", rows("x", "1"))[1][0]
    assert measurements_of("t.csv", rows("well,x", "all,1"))[0] == []


def test_every_csv_of_the_folder_is_read_and_a_broken_one_is_told(host, tmp_path):
    files = FileManager(host)
    folder = (tmp_path / "images_results").as_posix()
    assert read_tables(files, folder).measurements == ()
    for name in ("b", "a"):
        files.save([{"well": "A01", "x": 1}], f"{folder}/{name}.csv", "disk")
    files.save({"no": "table"}, f"{folder}/c.json", "disk")
    (tmp_path / "images_results" / "d.csv").write_text("well,well\nA01,1\n")
    tables = read_tables(files, folder)
    assert [measured.table for measured in tables.measurements] == ["a.csv", "b.csv"]
    assert len(tables.problems) == 1 and "'d.csv' cannot be read" in tables.problems[0]


def test_the_last_part_of_a_name_may_be_a_unit():
    assert (unit_of("area_um2"), unit_of("time_s"), unit_of("s"), unit_of("mean_x")) == ("µm²", "s", "", "")
