"""A file that nobody vouches for gives out bounded pieces."""

from __future__ import annotations

import pytest

from openhcs_host.errors import FormatError
from openhcs_host.files.bounded import BoundedFile


def test_small_pieces_are_given_out_and_large_ones_refused(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(100)))
    with BoundedFile(str(path), 50) as stream:
        assert stream.read(50) == bytes(range(50)) and stream.readinto(bytearray(10)) == 10
        for wanted in (51, -1, None):
            with pytest.raises(FormatError, match="at once"):
                stream.read(wanted)
        with pytest.raises(FormatError, match="51 bytes"):
            stream.readinto(bytearray(51))
