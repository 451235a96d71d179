"""Which paths are URLs, and how each is spelled."""

import pathlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhcs_backend_zarr.addresses import SCHEMES, address_of, canonical, is_url
from openhcs_host.errors import InvalidPathError

STEP = st.text(string.ascii_letters + string.digits + " -_µ", min_size=1, max_size=8)


@given(st.sampled_from(SCHEMES), STEP, st.lists(STEP, max_size=4))
def test_a_url_is_spelled_in_one_way(scheme, authority, steps):
    url = "/".join([f"{scheme}://{authority}", *steps])
    for spelling in (url, f"{url}/", url.replace("://", ":/"), url.replace(scheme, scheme.upper(), 1)):
        assert is_url(spelling)
        assert canonical(spelling) == url
    assert (address_of(url).base, address_of(url).key) == (f"{scheme}://{authority}", "/".join(steps))


def test_a_path_that_pathlib_made_of_a_url_means_the_url():
    assert canonical(pathlib.PurePosixPath("s3://bucket/plate").as_posix()) == "s3://bucket/plate"


@pytest.mark.parametrize(
    "path", ["run/A01.tif", "/run/a:/b", "C:/run", "C://run", "./s3:/b", "a:b", ".", "s3"]
)
def test_every_other_path_is_left_as_it_is(path):
    assert not is_url(path)
    assert canonical(path) == path


@pytest.mark.parametrize(
    "url",
    [
        "gs://bucket/plate",
        "ftp://server/plate",
        "file:///run/plate",
        "s3://",
        "s3:///plate",
        "s3://bucket//plate",
        "s3://bucket/../other",
        "https://server/plate?token=1",
    ],
)
def test_what_cannot_be_reached_is_refused_and_never_a_folder(host, url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (host.backend("zarr").load, host.backend("zarr").ensure_directory, canonical):
        with pytest.raises(InvalidPathError):
            call(url)
    assert list(tmp_path.iterdir()) == []
