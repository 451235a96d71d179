"""No text becomes markup, and everything can be encoded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openhcs_report.markup import document, element, open_when, table, text


@given(st.text(st.characters(codec=None)))
def test_any_text_comes_back_as_text_and_attribute_and_adds_no_element(parse_page, told):
    page = document(element("html", element("p", told, title=told)))
    page.encode("utf-8")
    read = parse_page(page)
    assert [tag for tag, _, _ in read.elements] == ["html", "p"]
    # A parser of HTML takes every line end for a line feed.
    expected = text(told)
    assert read.texts("p")[0].strip() == expected.strip()
    assert read.attributes("p")[0]["title"] == expected


def test_what_is_no_character_of_html_is_shown_as_unknown():
    assert text("a\x00b\ud800c\td\n") == "a�b�c\td\n"


def test_text_stands_where_it_was_put_between_elements():
    mixed = element("p", "one ", element("b", "two"), " three", None, element("i", "four"), " five")
    assert document(mixed) == "<!doctype html>\n<p>one <b>two</b> three<i>four</i> five</p>\n"


def test_attributes_with_underscores_and_absent_ones():
    made = element("a", class_="x", aria_label="y", href=None)
    assert made.attrib == {"class": "x", "aria-label": "y"}


def test_the_first_column_and_the_head_of_a_table_name_its_cells(parse_page):
    page = parse_page(document(table(["well", "count"], [["A01", "3"], ["A02", None]], caption="Counts")))
    assert [said["scope"] for said in page.attributes("th")] == ["col", "col", "row", "row"]
    assert page.texts("td") == ["3", ""]
    assert page.texts("caption") == ["Counts"]


def test_parts_fold_without_a_script():
    opened, closed = open_when(True, "a", "b"), open_when(False, "a", "b")
    assert (opened.get("open"), closed.get("open")) == ("", None)
