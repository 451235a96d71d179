"""The bytes of shards: a checksum with known values, chunks found again, damage noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.shards import crc32c, joined, parted
from openhcs_host.errors import FormatError

CHUNKS = st.lists(st.none() | st.binary(min_size=1, max_size=20), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_the_checksum_is_that_of_rfc_3720(data, expected):
    assert crc32c(data) == expected


@given(CHUNKS)
def test_chunks_come_back_where_they_were(chunks):
    assert parted(b"".join(joined(chunks)), len(chunks)) == chunks


@given(CHUNKS, st.data())
def test_a_changed_index_or_another_count_is_a_format_error(chunks, data):
    shard = bytearray(b"".join(joined(chunks)))
    at = data.draw(st.integers(len(shard) - 16 * len(chunks) - 4, len(shard) - 1))
    shard[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        parted(bytes(shard), len(chunks))
    with pytest.raises(FormatError):
        parted(b"".join(joined(chunks)), len(chunks) + 1)
