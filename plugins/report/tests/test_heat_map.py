"""The plate as people see it: every well, its value, and what has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openhcs_report.colours import hexadecimal, scale
from openhcs_report.heat_map import PlateState, heat_map
from openhcs_report.markup import document

PLATE = PlateState((2, 3), ("A01", "A02", "B01", "B03"), {"B01": "in count: ValueError: x"})
VALUES = {"A01": 10.0, "A02": 20.0, "B03": 15.0}
TEXTS = {"A01": "10", "A02": "2e1", "B03": "15"}


def cells(drawing) -> dict[str, dict]:
    """Return well to the text of its title and what is drawn."""
    found = {}
    for group in drawing.findall("g"):
        well, _, said = group.find("title").text.partition(": ")
        found[well] = {"said": said, **{(part.tag, part.get("class")): part for part in group[1:]}}
    return found


def test_every_physical_well_is_a_cell_and_says_its_value_as_the_table_does():
    drawn = cells(heat_map(PLATE, VALUES, TEXTS, "count"))
    assert list(drawn) == ["A01", "A02", "A03", "B01", "B02", "B03"]
    assert [drawn[well]["said"] for well in VALUES] == ["10", "2e1", "15"]


def test_colours_go_linearly_from_the_least_to_the_greatest():
    drawn = cells(heat_map(PLATE, VALUES, TEXTS, "count"))
    fills = {well: drawn[well]["rect", "value"].get("fill") for well in VALUES}
    assert fills == {
        "A01": hexadecimal(scale(0)),
        "A02": hexadecimal(scale(1)),
        "B03": hexadecimal(scale(0.5)),
    }


def test_wells_without_value_are_visibly_empty_and_failed_ones_crossed_with_the_reason():
    drawn = cells(heat_map(PLATE, VALUES, TEXTS, "count"))
    assert drawn["A03"]["said"] == "not in this run" and ("rect", "off") in drawn["A03"]
    assert drawn["B01"]["said"] == "failed, in count: ValueError: x"
    assert ("rect", "empty") in drawn["B01"] and ("path", "cross") in drawn["B01"]
    assert not any(("path", "cross") in drawn[well] for well in VALUES)
    partial = cells(heat_map(PLATE, {"B01": 3.0}, {"B01": "3"}, "seconds"))
    assert partial["B01"]["said"] == "3; failed, in count: ValueError: x"
    assert ("rect", "value") in partial["B01"] and ("path", "cross") in partial["B01"]
    assert partial["A01"]["said"] == "no value" and ("rect", "empty") in partial["A01"]


def test_the_scale_has_its_ends_its_middle_and_its_unit():
    drawing = heat_map(PLATE, VALUES, TEXTS, "area", "µm²")
    ticks = [part.text for part in drawing.findall("text") if part.get("class") == "tick"]
    assert ticks == ["10 µm²", "15 µm²", "20 µm²"]
    assert drawing.find("title").text == "area of 3 wells, from 10 µm² in A01 to 20 µm² in A02"


def test_one_value_and_none_are_drawn_as_well():
    same = heat_map(PLATE, dict.fromkeys(VALUES, 4.0), TEXTS, "sites")
    assert [part.text for part in same.findall("text") if part.get("class") == "tick"] == ["4"]
    none = heat_map(PLATE, {}, {}, "x")
    assert none.find("title").text == "x: no well has a value"
    assert len(none.findall("g")) == 6


def test_rows_and_columns_are_named_and_large_plates_have_no_numbers_in_their_wells():
    large = heat_map(PlateState((32, 48), (), {}), {"AF48": 1.0}, {}, "x")
    heads = [part.text for part in large.findall("text") if part.get("class") == "head"]
    assert heads[:48] == [str(column) for column in range(1, 49)]
    assert heads[48] == "A" and heads[-1] == "AF"
    assert ("text", "number") not in cells(large)["AF48"]
    assert cells(heat_map(PLATE, VALUES, TEXTS, "x"))["A01"]["text", "number"].text == "10"


@given(
    st.dictionaries(st.sampled_from(["A01", "A02", "B03"]), st.floats(allow_nan=False, allow_infinity=False))
)
def test_any_finite_values_are_drawn_in_colours_of_the_scale(parse_page, values):
    drawing = heat_map(PLATE, values, {}, "x")
    parse_page(document(drawing))
    drawn = cells(drawing)
    fills = {drawn[well]["rect", "value"].get("fill") for well in values}
    assert all(len(fill) == 7 for fill in fills)
    if len(set(values.values())) > 1:
        assert drawn[max(values, key=values.get)]["rect", "value"].get("fill") == hexadecimal(scale(1))
