"""The format ``.npz``."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from openhcs_backend_disk.npz import NpzFormat
from openhcs_host.errors import FormatError, UnsupportedDataError

NPZ = NpzFormat()
PLANE = np.arange(600, dtype=np.uint16).reshape(20, 30)
TWO = {"plane": PLANE, "µ/mask.npy": PLANE.T > 300}


def written(arrays, **options):
    stream = io.BytesIO()
    NPZ.write(arrays, stream, **options)
    return stream.getvalue()


def read(content, **options):
    return NPZ.read(io.BytesIO(content), **options)


def zipped(members, **options):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def saved_by_numpy(arrays, save=np.savez):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


NAMES = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\\"), max_size=8)
ARRAYS = hnp.arrays(
    hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | st.just(np.dtype([("a", "u1"), ("b", "<f8", (2,))])),
    hnp.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4),
)


@given(st.dictionaries(NAMES, ARRAYS, max_size=4))
def test_keeps_names_order_and_arrays(arrays):
    got = read(written(arrays))
    assert list(got) == list(arrays)
    for name, array in arrays.items():
        assert got[name].dtype == array.dtype
        assert got[name].shape == array.shape
        assert got[name].tobytes() == array.tobytes()


def test_gives_the_bytes_that_numpy_gives_every_time():
    assert written(TWO) == saved_by_numpy(TWO) == written(TWO)
    assert written({}) == saved_by_numpy({})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(save):
    got = read(saved_by_numpy(TWO, save))
    for name, array in TWO.items():
        np.testing.assert_array_equal(got[name], array)
        assert got[name].flags.writeable


@pytest.mark.parametrize(
    "view", [PLANE[::2, ::-1], np.asfortranarray(PLANE), np.broadcast_to(PLANE[0], (3, 30))]
)
def test_keeps_arrays_that_are_views(view):
    np.testing.assert_array_equal(read(written({"view": view}))["view"], view)


OBJECT = np.array([{"a": 1}, None], dtype=object)


@pytest.mark.parametrize(
    "data",
    [
        PLANE, [PLANE], None, "text", {"a": 3}, {"a": [1, 2]}, {"a": OBJECT}, {"a": PLANE, "b": OBJECT},
        {3: PLANE}, {None: PLANE}, {"a\0b": PLANE}, {"a\\b": PLANE}, {"\ud800": PLANE}, {"x" * 65532: PLANE},
        {"a": np.ma.masked_array([1], [True])}, {"a": np.array([OBJECT], dtype=[("o", object)])},
    ],
    ids=lambda data: type(data).__name__ if not isinstance(data, dict) else repr(data)[:20],
)  # fmt: skip
def test_refuses_everything_else_before_the_first_byte(data):
    stream = io.BytesIO()
    with pytest.raises(UnsupportedDataError):
        NPZ.write(data, stream)
    assert stream.getvalue() == b""


def test_a_name_as_long_as_zip_allows():
    assert list(read(written({"x" * 65531: PLANE}))) == ["x" * 65531]


def test_pickles_are_refused_and_there_is_no_option_for_them():
    content = zipped([("a.npy", npy(OBJECT, allow_pickle=True))])
    with pytest.raises(FormatError, match="Object arrays"):
        read(content)
    with pytest.raises(TypeError, match="allow_pickle"):
        read(content, allow_pickle=True)
    with pytest.raises(TypeError, match="allow_pickle"):
        written(TWO, allow_pickle=True)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(60), npy(PLANE), b"\x80\x04N."])
def test_what_is_no_archive_is_a_format_error(content):
    with pytest.raises(FormatError):
        read(content)


@pytest.mark.filterwarnings("ignore:Duplicate name")  # Python warns of what this test makes on purpose
@pytest.mark.parametrize(
    ("members", "said"),
    [
        ([("a.npy", npy(PLANE)), ("readme.txt", b"hello")], "'readme.txt', which is no array"),
        ([("a.npy", npy(PLANE)), ("a.npy", npy(PLANE))], "two arrays named 'a'"),
        ([("a.npy", npy(PLANE) * 2)], "goes on after the array"),
        ([("a.npy", npy(PLANE)[:-1])], "not an NPY file"),
    ],
)
def test_nothing_in_an_archive_is_dropped(members, said):
    with pytest.raises(FormatError, match=said):
        read(zipped(members))


def test_a_file_cut_off_anywhere_is_a_format_error():
    content = written(TWO)
    for length in range(0, len(content), 5):
        with pytest.raises(FormatError):
            read(content[:length])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_changed_byte_is_never_another_array(tmp_path, disk, save):
    # On a real file, where a place before its beginning is an error of the operating system.
    content = saved_by_numpy(TWO, save)
    path = tmp_path / "a.npz"
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            got = disk.load(path.as_posix())
        except FormatError:
            continue
        # Dates and the like may be anything; names and pixels may not. The name of an array has no checksum.
        assert [array.tobytes() for array in got.values()] == [array.tobytes() for array in TWO.values()]


def test_a_new_directory_is_made_only_for_what_can_be_saved(disk, folder, everything):
    with pytest.raises(UnsupportedDataError, match=r"new/a\.npz"):
        disk.save({"a": PLANE, "b": None}, f"{folder}/new/a.npz")
    assert everything() == []
    disk.save(TWO, f"{folder}/new/A.NPZ")
    assert list(disk.load(f"{folder}/new/A.NPZ")) == list(TWO)
