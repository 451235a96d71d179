"""Images come in order, each loaded once, and never many at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from openhcs_convert.reading_ahead import PlanesAhead


class Source:
    """Counts what is loaded; a path that is no number cannot be."""

    def __init__(self):
        self.loaded = []

    def load(self, path):
        self.loaded.append(path)
        return int(path)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_they_come_in_order_and_each_is_loaded_once(pool):
    source = Source()
    images = PlanesAhead(source, [str(n) for n in range(50)], pool, ahead=4)
    assert [images[n] for n in range(50)] == list(range(50))
    assert sorted(map(int, source.loaded)) == list(range(50))


def test_no_more_than_a_few_are_loaded_before_they_are_taken(pool):
    source = Source()
    images = PlanesAhead(source, [str(n) for n in range(50)], pool, ahead=4)
    assert images[0] == 0
    pool.submit(int, "0").result()
    assert len(source.loaded) <= 4


def test_the_error_of_one_is_raised_when_it_is_taken(pool):
    images = PlanesAhead(Source(), ["0", "broken", "2"], pool, ahead=3)
    assert images[0] == 0
    with pytest.raises(ValueError, match="broken"):
        images[1]
    assert images[2] == 2 and images[-1] == 2 and list(images[1:][1:]) == [2]
    with pytest.raises(IndexError):
        images[3]


def test_the_next_part_is_being_loaded_while_one_is_in_use():
    source = Source()
    with ThreadPoolExecutor(1) as pool:
        images = PlanesAhead(source, [str(n) for n in range(9)], pool, ahead=3)
        assert list(images[:3]) == [0, 1, 2]
        pool.submit(int, "0").result()  # one thread: what was asked for before has been loaded
        assert {"3", "4"} <= set(source.loaded)
        assert list(images[3:]) == [3, 4, 5, 6, 7, 8]
    assert sorted(map(int, source.loaded)) == list(range(9))


def test_what_was_only_looked_at_is_not_loaded_again(pool):
    source = Source()
    images = PlanesAhead(source, ["4", "5"], pool, ahead=1)
    assert images.peek(0) == 4 and images[0] == 4 and source.loaded.count("4") == 1


def test_what_was_loaded_ahead_is_forgotten_when_it_is_not_wanted(pool):
    source = Source()
    images = PlanesAhead(source, ["0", "1", "2"], pool, ahead=2)
    assert images[:1][0] == 0 and images.peek(1) == 1
    images.discard()
    assert images[1] == 1 and source.loaded.count("1") == 2
