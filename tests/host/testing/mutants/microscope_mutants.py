"""A small correct microscope handler, and ways to get one thing wrong."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

import attrs

from openhcs_host import hookimpl
from openhcs_host.contracts.images import Coordinates
from openhcs_host.contracts.microscopes import (
    Channel,
    Evidence,
    MicroscopeHandler,
    Plane,
    PlateReading,
    Projection,
    Skipped,
)
from openhcs_host.errors import PlateConflictError, PlateError

OPENHCS_API = 1
PLUGINS: dict[str, type] = {}
NAME = re.compile(
    r"(?P<well>[A-P][0-9]{2})-(?P<site>[0-9]+)-(?P<channel>[0-9]+)-(?P<z>[0-9]+|max|thumb)\.pix"
)


class Base(MicroscopeHandler):
    def __init_subclass__(cls) -> None:
        PLUGINS[cls.__name__] = cls

    def detect(self, listing):
        for path in listing.files:
            if NAME.fullmatch(path.rpartition("/")[2]):
                return Evidence(True, f"{path} is one of ours")
        return Evidence(False, "no name is one of ours")

    def files(self, root):
        return sorted(path.relative_to(root).as_posix() for path in Path(root).rglob("*") if path.is_file())

    def read(self, root, *, deep=False):
        planes, projections, counts, problems = {}, [], Counter(), []
        for path in self.files(root):
            match = NAME.fullmatch(path.rpartition("/")[2])
            if match is None:
                counts["unrecognised"] += path != "plate.xml"
            elif match["z"] == "thumb":
                counts["thumbnails"] += 1
            elif match["z"] == "max":
                projections.append(
                    Projection(match["well"], int(match["site"]), int(match["channel"]), 1, path)
                )
            else:
                place = Coordinates(match["well"], int(match["site"]), int(match["channel"]), int(match["z"]))
                self.claim(planes, place, path)
        if not planes:
            raise PlateError(f"{root} holds no plane of ours")
        if not (Path(root) / "plate.xml").is_file():
            problems.append("plate.xml is missing")
        if deep:
            problems += [
                f"{path} is empty" for path in planes.values() if not (Path(root) / path).stat().st_size
            ]
        channels = [*(place.channel for place in planes), *(projection.channel for projection in projections)]
        return PlateReading(
            microscope=self.key,
            root=Path(root),
            plate_name="the plate",
            planes=[Plane(place, path) for place, path in planes.items()],
            projections=tuple(projections),
            channels=dict.fromkeys(channels, Channel()),
            skipped=Skipped(counts["thumbnails"], len(projections), counts["unrecognised"]),
            problems=tuple(problems),
        )

    def claim(self, planes, place, path):
        if place in planes:
            raise PlateConflictError(f"{planes[place]} and {path} claim one image")
        planes[place] = path


class reference(Base):
    pass


class recognises_nothing(Base):
    def detect(self, listing):
        return Evidence(False, "whatever it is")


class recognises_everything(Base):
    def detect(self, listing):
        return Evidence(True, "whatever it is")


class recognises_any_image(Base):
    def detect(self, listing):
        images = [path for path in listing.files if path.endswith((".tif", ".pix", ".png"))]
        return Evidence(bool(images), "there are images" if images else "no images")


class gives_no_reason(Base):
    def detect(self, listing):
        return Evidence(super().detect(listing).recognised, "")


class opens_a_file_to_recognise(Base):
    def detect(self, listing):
        for path in listing.files[:1]:
            try:
                open(listing.root / path, "rb").close()
            except OSError:
                continue
        return super().detect(listing)


class lists_the_folder_to_recognise(Base):
    def detect(self, listing):
        if listing.root.is_dir():
            os.listdir(listing.root)
        return super().detect(listing)


class trusts_the_folder_only(Base):
    def detect(self, listing):
        here = (listing.root / "plate.xml").exists()
        return Evidence(here, "plate.xml is there" if here else "no plate.xml")


class writes_a_cache(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        (Path(root) / ".index").write_text("cached")
        return attrs.evolve(reading, skipped=attrs.evolve(reading.skipped, unrecognised=0))


class touches_files(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        if deep:
            os.utime(Path(root) / reading.planes[0].path)
        return reading


class drops_the_last_plane(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, planes=reading.planes[:-1])


class projections_among_planes(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        more = [Plane(Coordinates(p.well, p.site, p.channel, 999), p.path) for p in reading.projections]
        return attrs.evolve(
            reading,
            planes=[*reading.planes, *more],
            projections=(),
            skipped=attrs.evolve(reading.skipped, projections=0),
        )


class one_plane_twice(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, planes=[*reading.planes, reading.planes[0]])


class planes_out_of_order(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        object.__setattr__(reading, "planes", tuple(reading.planes)[::-1])
        return reading


class absolute_paths(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        planes = [
            attrs.evolve(plane, path=str(Path(root).absolute() / plane.path)) for plane in reading.planes
        ]
        return attrs.evolve(reading, planes=planes)


class projection_paths_made_up(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        made_up = tuple(attrs.evolve(p, path=p.path.replace("max", "maximum")) for p in reading.projections)
        return attrs.evolve(reading, projections=made_up)


class projections_not_counted(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, skipped=attrs.evolve(reading.skipped, projections=0))


class unrecognised_not_counted(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, skipped=attrs.evolve(reading.skipped, unrecognised=0))


class thumbnails_counted_twice(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(
            reading, skipped=attrs.evolve(reading.skipped, thumbnails=2 * reading.skipped.thumbnails)
        )


class channel_not_listed(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, channels={1: Channel()})


class channel_names_invented(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, channels=dict.fromkeys(reading.channels, Channel(name="")))


class pixel_size_zero_when_unknown(Base):
    def read(self, root, *, deep=False):
        return attrs.evolve(super().read(root, deep=deep), pixel_size_um=0.0)


class time_counted_from_zero(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(
            reading, projections=tuple(attrs.evolve(p, timepoint=0) for p in reading.projections)
        )


class another_root(Base):
    def read(self, root, *, deep=False):
        return attrs.evolve(super().read(root, deep=deep), root=Path(root).parent)


class another_microscope_named(Base):
    def read(self, root, *, deep=False):
        return attrs.evolve(super().read(root, deep=deep), microscope="imagexpress")


class unrelated_files_are_a_problem(Base):
    def read(self, root, *, deep=False):
        if any(path.endswith(".md") for path in self.files(root)):
            raise PlateError("what is this file?")
        return super().read(root, deep=deep)


class deep_look_forgets_problems(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, problems=()) if deep else reading


class deep_look_drops_planes(Base):
    def read(self, root, *, deep=False):
        reading = super().read(root, deep=deep)
        return attrs.evolve(reading, planes=reading.planes[1:]) if deep else reading


class links_not_followed_to_the_plate(Base):
    def read(self, root, *, deep=False):
        if Path(root).is_symlink():
            raise PlateError("a link")
        return super().read(root, deep=deep)


class relative_roots_lost(Base):
    def files(self, root):
        return super().files(Path("/") / root)


class empty_folder_is_an_empty_plate(Base):
    def read(self, root, *, deep=False):
        try:
            return super().read(root, deep=deep)
        except PlateConflictError:
            raise
        except PlateError:
            return PlateReading(microscope=self.key, root=Path(root), plate_name="x", planes=(), channels={})


class conflicts_settled_silently(Base):
    def claim(self, planes, place, path):
        planes[place] = path


class conflict_names_one_file(Base):
    def claim(self, planes, place, path):
        if place in planes:
            raise PlateConflictError(f"{path} claims an image that is taken")
        planes[place] = path


class imports_numpy_to_recognise(Base):
    def detect(self, listing):
        import numpy

        assert numpy
        return super().detect(listing)


@hookimpl
def openhcs_create_microscope(key):
    plugin = PLUGINS[key]()
    plugin.key = key
    return plugin
