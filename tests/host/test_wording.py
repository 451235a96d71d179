"""Sentences stay short and on one line, whatever a plate holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openhcs_host.contracts.microscopes import Channel
from openhcs_host.plates.wording import Findings, counted, listed, numbered, ranges, shared_names, shown


def test_numbers_become_ranges() -> None:
    assert ranges([3, 1, 2, 7, 8, 10]) == "1..3, 7, 8, 10"
    assert ranges(range(0, 100, 2)) == "0, 2, 4, 6, 8 and 45 more"
    assert (numbered("channel", [4]), numbered("site", {2, 1})) == ("channel 4", "sites 1, 2")


def test_lists_name_five_and_count_the_rest() -> None:
    assert listed("abcde") == "a, b, c, d, e"
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
    assert listed("ab", total=9) == "a, b and 7 more"
    assert (counted(1, "plane"), counted(2, "plane"), counted(0, "is", "are")) == (
        "1 plane",
        "2 planes",
        "0 are",
    )


def test_findings_keep_few_examples_and_count_all() -> None:
    findings = Findings()
    for number in range(1000):
        findings.add("sort", str(number))
    assert (findings.count("sort"), findings.count("other")) == (1000, 0)
    assert findings.examples("sort") == "0, 1, 2, 3, 4 and 995 more"


@given(st.text(st.characters()))
def test_whatever_is_shown_is_short_and_can_be_printed(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 160
    shown(text).encode("utf-8")


def test_sorts_that_were_found_become_sentences_in_the_order_of_their_texts() -> None:
    findings = Findings()
    findings.add("late", "b")
    findings.add("early", "a")
    texts = {"early": "came early", "never": "never came", "late": "came late"}
    assert findings.sentences(texts) == ["came early: a", "came late: b"]


def test_names_that_channels_share_are_said_once_and_missing_ones_are_no_name() -> None:
    shared = shared_names(
        {
            number: Channel(name=name)
            for number, name in enumerate(("DAPI", None, "DAPI", "FITC", None), start=1)
        }
    )
    assert list(shared) == ["channels 1, 3 share the name 'DAPI'"]
