"""Whether a listing of names is an ImageXpress plate."""

from __future__ import annotations

from openhcs_host.contracts.microscopes import Evidence, FolderListing
from openhcs_host.plates.wording import shown
from openhcs_microscope_imagexpress.foreign import foreign_mark
from openhcs_microscope_imagexpress.layout import folder_number
from openhcs_microscope_imagexpress.names import parse_name

__all__ = ["evidence"]


def evidence(listing: FolderListing) -> Evidence:
    """Say whether the folder is a plate of this kind, and which name shows it.

    A name that tells site, channel or GUID is enough. A name with a well only, such as
    ``9987_B02.TIF``, could be any program's; it counts beside an HTD file or in a ``TimePoint`` or
    ``ZStep`` folder.
    """
    for path in listing.files:
        if foreign := foreign_mark(path):
            return Evidence(False, foreign)
    description = next((path for path in listing.files if path.lower().endswith(".htd")), None)
    bare = None
    for path in listing.files:
        image = parse_name(path.rpartition("/")[2])
        if image is not None and image.telling:
            return Evidence(True, f"{shown(path)} is a MetaXpress name")
        if image is not None and bare is None and (description or _numbered(path)):
            bare = path
    if bare is not None:
        beside = f", beside {shown(description)}" if description else " in a numbered folder"
        return Evidence(True, f"{shown(bare)} is a MetaXpress name{beside}")
    if description is None:
        return Evidence(False, "no name is a MetaXpress image name such as 'Plate_B02_s1_w1.TIF'")
    if not listing.complete:
        # The bound was reached before the images: the HTD file is MetaXpress's own and must do.
        return Evidence(
            True, f"{shown(description)} is a MetaXpress plate file, and not all names were listed"
        )
    return Evidence(False, f"{shown(description)} is a MetaXpress plate file, but no image of it is here")


def _numbered(path: str) -> bool:
    return any(folder_number(part) != (None, None) for part in path.split("/")[:-1])
