"""The formats ``.tif`` and ``.tiff``."""

import io

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from openhcs_backend_disk.tiff import TiffFormat
from openhcs_host.contracts.images import Coordinates, ImageMetadata
from openhcs_host.errors import ConfigurationError, FormatError, UnsupportedDataError

TIFF = TiffFormat(".tif")
PLANE = np.arange(600, dtype=np.uint16).reshape(20, 30)
STACK = np.arange(1800, dtype=np.uint16).reshape(3, 20, 30)
IMAGE = ImageMetadata(Coordinates("B02", 1, 2, 3, 4), 0.325, 2.0, "DAPI", "00FF7F", (1.5, -2.0))

DTYPES = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "complex64", "complex128",
]  # fmt: skip
SHAPES = [
    (4, 5), (1, 1), (1, 5), (5, 1), (1, 4, 5), (3, 4, 5), (4, 5, 1), (4, 5, 3), (4, 5, 4), (3, 4, 5, 3),
    (2, 1, 3, 4, 5), (1, 1, 1, 1), (30, 17, 1, 2, 1, 3),
]  # fmt: skip


def written(array, **options):
    stream = io.BytesIO()
    TIFF.write(array, stream, **options)
    return stream.getvalue()


def read(content, **options):
    return TIFF.read(io.BytesIO(content), **options)


def plain(array, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **{"photometric": "minisblack", **options})
    return stream.getvalue()


def assert_same(got, expected):
    assert got.dtype == expected.dtype.newbyteorder("=")
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


class TestRoundTrip:
    @pytest.mark.parametrize("shape", SHAPES, ids=str)
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_keeps_values_dtype_and_shape(self, dtype, shape):
        array = np.random.default_rng(7).integers(0, 200, shape).astype(dtype)
        assert_same(read(written(array)), array)
        assert_same(read(written(array, image=IMAGE)), array)

    @settings(deadline=None)
    @given(
        hnp.arrays(
            st.sampled_from([*DTYPES, ">u2", ">i4", ">f8"]),
            hnp.array_shapes(min_dims=2, max_dims=5, max_side=7).filter(lambda shape: shape != (1,) * 5),
        )
    )
    def test_keeps_any_array(self, array):
        assert_same(read(written(array)), array)

    @pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd", "packbits", "lzma"])
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_keeps_everything_when_compressed(self, dtype, compression):
        array = np.random.default_rng(7).integers(0, 200, (3, 33, 41)).astype(dtype)
        assert_same(read(written(array, compression=compression)), array)
        if dtype not in ("bool", "int64", "uint64", "complex64", "complex128"):
            assert_same(read(written(array, compression=compression, predictor=True)), array)

    def test_compression_compresses(self):
        smooth = np.arange(65536, dtype=np.uint16).reshape(256, 256)
        plain, packed, predicted = (
            len(written(smooth, **options))
            for options in ({}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True})
        )
        assert predicted < packed < plain

    def test_keeps_arrays_that_are_views(self):
        assert_same(read(written(STACK[::-1, ::2, ::3])), STACK[::-1, ::2, ::3])
        assert_same(read(written(np.asfortranarray(PLANE))), PLANE)
        readonly = PLANE.copy()
        readonly.flags.writeable = False
        assert_same(read(written(readonly)), PLANE)

    def test_keeps_nan_and_infinity(self):
        array = np.array([[np.nan, np.inf, -np.inf, -0.0]], np.float32)
        assert read(written(array)).tobytes() == array.tobytes()

    def test_writes_what_tifffile_writes(self):
        assert written(PLANE) == plain(PLANE)
        assert written(STACK) == plain(STACK)
        assert_same(tifffile.imread(io.BytesIO(written(STACK))), STACK)


class TestRefusals:
    @pytest.mark.parametrize(
        "data",
        [
            np.zeros((2, 2), "datetime64[s]"), np.zeros((2, 2), "timedelta64[s]"), np.zeros((2, 2), "S3"),
            np.zeros((2, 2), "U3"), np.zeros((2, 2), object), np.zeros((2, 2), "V4"),
            np.zeros((2, 2), [("a", "u1")]), np.zeros((2, 2), np.longdouble), np.zeros((2, 2), np.clongdouble),
        ],
        ids=lambda data: str(data.dtype),
    )  # fmt: skip
    def test_dtypes_that_would_not_come_back(self, data):
        with pytest.raises(UnsupportedDataError, match="unchanged"):
            written(data)

    @pytest.mark.parametrize("shape", [(), (5,), (0, 4), (3, 0, 4), (0,)])
    def test_shapes_that_are_no_image(self, shape):
        with pytest.raises(UnsupportedDataError, match="at least 2 dimensions"):
            written(np.zeros(shape))

    def test_one_pixel_in_five_dimensions(self):
        with pytest.raises(UnsupportedDataError, match="5 dimensions"):
            written(np.zeros((1, 1, 1, 1, 1)))

    @pytest.mark.parametrize("data", [[[1, 2], [3, 4]], "text", None, np.ma.masked_array([[1]], [[True]])])
    def test_what_is_no_plain_array(self, data):
        with pytest.raises(UnsupportedDataError):
            written(data)

    def test_compressions_that_lose_something(self):
        with pytest.raises(ConfigurationError, match="jpeg"):
            written(PLANE, compression="jpeg")

    def test_predictors_that_do_not_fit(self):
        with pytest.raises(ConfigurationError, match="compression"):
            written(PLANE, predictor=True)
        with pytest.raises(UnsupportedDataError, match="int64"):
            written(PLANE.astype(np.int64), compression="zlib", predictor=True)

    @pytest.mark.parametrize("options", [{"compresion": "zlib"}, {"photometric": "rgb"}])
    def test_options_that_are_unknown(self, options):
        with pytest.raises(TypeError, match="its options: compression, predictor"):
            written(PLANE, **options)
        with pytest.raises(TypeError, match="its options: series"):
            read(written(PLANE), key=0)

    def test_come_before_the_first_byte(self):
        for data, options in [
            (PLANE.astype(object), {}),
            (PLANE.astype(np.int64), {"compression": "lzw", "predictor": True}),
            (PLANE, {"compression": "jpeg"}),
            (PLANE, {"image": ImageMetadata(pixel_size_um=0)}),
            (STACK, {"image": ImageMetadata(pixel_size_um=-1)}),
        ]:
            stream = io.BytesIO()
            with pytest.raises((UnsupportedDataError, ConfigurationError)):
                TIFF.write(data, stream, **options)
            assert stream.getvalue() == b""


class TestImageMetadata:
    def test_of_a_plane_is_ome_xml(self):
        with tifffile.TiffFile(io.BytesIO(written(PLANE, image=IMAGE))) as file:
            assert file.is_ome
            image = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]
        pixels = image["Pixels"]
        assert image["Name"] == "B02_s001_w2_z003_t004.tif"
        assert (pixels["SizeX"], pixels["SizeY"], pixels["Type"]) == (30, 20, "uint16")
        assert (pixels["PhysicalSizeX"], pixels["PhysicalSizeXUnit"]) == (0.325, "µm")
        assert (pixels["PhysicalSizeY"], pixels["PhysicalSizeZ"]) == (0.325, 2.0)
        assert pixels["Channel"]["Name"] == "DAPI"
        assert pixels["Plane"]["PositionX"] == 1.5
        assert (pixels["Plane"]["PositionY"], pixels["Plane"]["PositionYUnit"]) == (-2.0, "µm")

    @pytest.mark.parametrize("array", [PLANE, STACK, PLANE.astype(np.int64)])
    def test_puts_the_pixel_size_into_the_resolution(self, array):
        with tifffile.TiffFile(io.BytesIO(written(array, image=IMAGE))) as file:
            tags = file.pages.first.tags
            pixels, centimetres = tags["XResolution"].value
            assert tags["YResolution"].value == (pixels, centimetres)
            assert tags["ResolutionUnit"].value == tifffile.RESUNIT.CENTIMETER
        assert 10_000 * centimetres / pixels == pytest.approx(0.325, rel=1e-9)

    @pytest.mark.parametrize("size", [1e-5, 1e-3, 0.0649999, 1.3668, 1234.5, 1e9])
    def test_resolutions_of_any_microscope_fit(self, size):
        with tifffile.TiffFile(io.BytesIO(written(STACK, image=ImageMetadata(pixel_size_um=size)))) as file:
            pixels, centimetres = file.pages.first.tags["XResolution"].value
        assert 10_000 * centimetres / pixels == pytest.approx(size, rel=1e-6)

    @pytest.mark.parametrize("size", [1e-9, 1e20])
    def test_a_pixel_size_of_no_microscope_is_refused(self, size):
        with pytest.raises(UnsupportedDataError, match="really in µm"):
            written(STACK, image=ImageMetadata(pixel_size_um=size))

    def test_that_is_unknown_is_not_written(self):
        with tifffile.TiffFile(io.BytesIO(written(PLANE, image=ImageMetadata()))) as file:
            assert file.pages.first.tags["ResolutionUnit"].value == tifffile.RESUNIT.NONE
            document = file.ome_metadata
        for word in ("PhysicalSize", "Position", "Color", "Name"):
            assert word not in document

    def test_goes_with_compression(self):
        content = written(PLANE, image=IMAGE, compression="zlib")
        assert_same(read(content), PLANE)
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            assert "PhysicalSizeX" in file.ome_metadata

    @pytest.mark.parametrize("array", [PLANE, STACK, PLANE > 300])
    @pytest.mark.parametrize("options", [{}, {"image": IMAGE}, {"image": IMAGE, "compression": "zlib"}])
    def test_the_same_image_gives_the_same_bytes(self, array, options):
        assert written(array, **options) == written(array.copy(), **options)


class TestReading:
    def test_a_file_of_several_series_needs_to_be_told_which(self):
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            writer.write(PLANE, photometric="minisblack", metadata=None)
            writer.write(PLANE[:5].astype(np.uint8), photometric="minisblack", metadata=None)
        content = stream.getvalue()
        with pytest.raises(
            FormatError, match=r"2 image series.*series=0: uint16 \(20, 30\); series=1: uint8"
        ):
            read(content)
        assert_same(read(content, series=0), PLANE)
        assert_same(read(content, series=1), PLANE[:5].astype(np.uint8))
        for number in (2, -1):
            with pytest.raises(FormatError, match="from 0 to 1"):
                read(content, series=number)

    @pytest.mark.parametrize(
        "options",
        [
            {"ome": True}, {"imagej": True}, {"bigtiff": True}, {"byteorder": ">"}, {"metadata": None},
            {"metadata": None, "compression": "lzw", "rowsperstrip": 4}, {"tile": (16, 16)},
        ],
        ids=str,
    )  # fmt: skip
    def test_reads_what_others_write(self, options):
        assert_same(read(plain(STACK, **options)), STACK)

    def test_rgb_comes_with_its_samples_last(self):
        colours = np.random.default_rng(7).integers(0, 255, (20, 30, 3)).astype(np.uint8)
        assert_same(read(plain(colours, photometric="rgb")), colours)

    @pytest.mark.parametrize(
        "content", [b"", b"II", b"not a TIFF file at all", b"\x89PNG\r\n\x1a\n" + bytes(99)]
    )
    def test_what_is_no_tiff_is_a_format_error(self, content):
        with pytest.raises(FormatError, match="not a TIFF"):
            read(content)

    @pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
    @pytest.mark.parametrize("array", [PLANE, STACK, STACK > 900], ids=["plane", "stack", "bool"])
    def test_a_file_cut_off_anywhere_is_never_taken_for_an_image(self, array, compression, caplog):
        caplog.set_level("CRITICAL", logger="tifffile")
        contents = [
            written(array, compression=compression),
            written(array, compression=compression, image=IMAGE),
            plain(array, compression=compression, metadata=None),
        ]
        for content in contents:
            for length in range(0, len(content), 13):
                try:
                    survivor = read(content[:length])
                except FormatError:
                    continue
                # Nothing but padding at the very end was missing.
                assert_same(survivor, array)
                assert length > len(content) - 17

    def test_a_file_whose_list_of_pages_breaks_off_is_damaged(self, caplog):
        caplog.set_level("CRITICAL", logger="tifffile")
        content = plain(STACK, metadata=None)
        assert_same(read(content), STACK)
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            second = file.pages[1].offset
        with pytest.raises(FormatError, match="cut off"):
            read(content[:second])

    def test_planes_in_other_files_are_not_made_up(self, tmp_path, caplog):
        caplog.set_level("CRITICAL", logger="tifffile")
        document = tifffile.OmeXml(UUID="00000000-0000-0000-0000-000000000001")
        document.addimage("uint16", (2, 20, 30), (2, 1, 1, 20, 30, 1), axes="CYX")
        here, there = (f'<TiffData FirstC="{c}" IFD="0" PlaneCount="1">{{}}</TiffData>' for c in (0, 1))
        text = document.tostring().replace(
            '<TiffData IFD="0" PlaneCount="2"/>',
            here.format('<UUID FileName="a.ome.tif">urn:uuid:00000000-0000-0000-0000-000000000001</UUID>')
            + there.format('<UUID FileName="b.ome.tif">urn:uuid:00000000-0000-0000-0000-000000000002</UUID>'),
        )
        content = plain(PLANE, description=text.encode(), metadata=None)
        assert_same(read(content), PLANE)

    def test_planes_that_the_document_promises_and_the_file_lacks_are_missed(self, caplog):
        caplog.set_level("CRITICAL", logger="tifffile")
        document = tifffile.OmeXml(UUID="00000000-0000-0000-0000-000000000001")
        document.addimage("uint16", (2, 20, 30), (2, 1, 1, 20, 30, 1), axes="CYX")
        content = plain(PLANE, description=document.tostring().encode(), metadata=None)
        with pytest.raises(FormatError, match="plane 1 of its image is missing"):
            read(content)

    def test_streams_need_no_name_and_no_beginning_at_zero(self, tmp_path):
        with open(tmp_path / "plane.tif", "w+b", buffering=0) as stream:
            TIFF.write(PLANE, stream)
            stream.seek(0)
            assert_same(TIFF.read(stream), PLANE)
            assert not stream.closed


class TestRealPlates:
    def test_read_as_tifffile_reads_them(self, disk, plates):
        paths = sorted(path for path in plates.rglob("*") if path.suffix.lower() in (".tif", ".tiff"))
        paths = [path for path in paths if path.stat().st_size > 40]
        assert paths
        for path in paths:
            expected = tifffile.imread(path)
            got = disk.load(path.as_posix())
            assert (got.dtype, got.shape) == (expected.dtype, expected.shape), path
            np.testing.assert_array_equal(got, expected, err_msg=str(path))
