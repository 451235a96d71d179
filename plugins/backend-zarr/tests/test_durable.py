"""With ``durability="power"`` everything of a well is on the medium before the plate lists it."""

import os
import sys

import numpy as np
import pytest

from openhcs_host.contracts.images import Coordinates, image_name

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="which file a descriptor is, is asked of /proc"
)


class Medium:
    """Knows of every file and folder what of it was flushed last, and looks when a name is given."""

    def __init__(self, monkeypatch, watched):
        self.flushed, self.watched, self.looks = {}, watched, 0
        self._fsync, self._replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", self.fsync)
        monkeypatch.setattr(os, "replace", self.replace)

    def fsync(self, descriptor):
        self._fsync(descriptor)
        status = os.fstat(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        names = frozenset(os.listdir(path)) if os.path.isdir(path) else status.st_size
        self.flushed[status.st_ino] = names

    def replace(self, source, destination):
        if os.path.dirname(destination) == self.watched and os.path.isdir(f"{self.watched}/B"):
            self.looks += 1
            assert self.unflushed(f"{self.watched}/B") == []
            assert "B" in self.flushed[os.stat(self.watched).st_ino]
        self._replace(source, destination)

    def unflushed(self, folder):
        """Return what lies below a folder and would be lost, or be another, after a loss of power."""
        lost = []
        for at, _, names in os.walk(folder):
            if self.flushed.get(os.stat(at).st_ino) != frozenset(os.listdir(at)):
                lost.append(at)
            for name in names:
                status = os.stat(f"{at}/{name}")
                if self.flushed.get(status.st_ino) != status.st_size:
                    lost.append(f"{at}/{name}")
        return lost


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("strategy", ["well", "file"])
def test_all_of_a_well_is_flushed_before_the_document_of_the_plate(
    host, images, plane, monkeypatch, version, strategy
):
    zarr = host.backend("zarr", ngff_version=version, chunk_strategy=strategy, pyramid=1, durability="power")
    medium = Medium(monkeypatch, images)
    places = [(site, channel, z) for site in (1, 2) for channel in (1, 2) for z in (1, 2)]
    names = [f"{images}/{image_name(Coordinates('B02', *place))}" for place in places]
    zarr.save_batch([plane(number) for number in range(8)], names)
    assert medium.looks >= 1
    looks = medium.looks
    zarr.save(plane(9), f"{images}/{image_name(Coordinates('B02', 3, 1))}")  # the other sites are linked
    with zarr.open_well(images, "B03") as sink:
        sink.save_batch([plane(1)], [f"{images}/{image_name(Coordinates('B03', 1, 1))}"])
        sink.save(plane(2), f"{images}/{image_name(Coordinates('B03', 1, 2))}")
    assert medium.looks >= looks + 2
    zarr.delete(names[0])
    assert medium.unflushed(f"{images}/B") == []


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_image_is_flushed_before_it_has_its_name(host, tmp_path, plane, monkeypatch, version):
    from openhcs_backend_zarr import placing

    zarr = host.backend("zarr", ngff_version=version, durability="power")
    medium, rename = Medium(monkeypatch, "/none"), placing.rename_new
    named = []

    def renamed(source, destination):
        assert medium.unflushed(source) == []
        rename(source, destination)
        named.append(destination)

    monkeypatch.setattr(placing, "rename_new", renamed)
    zarr.save(np.stack([plane(1), plane(2)]), f"{tmp_path}/stack")
    assert named == [f"{tmp_path}/stack"]
    assert "stack" in medium.flushed[os.stat(tmp_path).st_ino]


def test_without_power_nothing_is_flushed(host, images, plane, monkeypatch):
    medium = Medium(monkeypatch, "/none")
    host.backend("zarr").save(plane(1), f"{images}/{image_name(Coordinates('B02', 1, 1))}")
    assert medium.flushed == {}
