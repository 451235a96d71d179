"""Ready-made materializers for special outputs that are images: TIFF stacks, label images, ImageJ ROIs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from openhcs_host import FileManager, convert
from openhcs_host.errors import PipelineError
from openhcs_pipeline.special import SpecialOutput, materialize_per

if TYPE_CHECKING:
    from roifile import ImagejRoi

__all__ = ["label_images", "roi_archives", "tiff_stacks"]

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LABELS: Final = (np.uint8, np.uint16, np.uint32)


@materialize_per("well")
def tiff_stacks(data: Sequence[SpecialOutput], path: str, filemanager: FileManager, backend: str) -> str:
    """Write each value, a plane or a stack of any memory type, as ``<path>_s001_w1_t001.tif``; return the first path.

    Values and dtype stay as they are. Called once per well, so that no plate of images stands in memory.
    """
    return _saved([(f"{path}_{o.stack_name}.tif", o.value) for o in data], filemanager, backend)


@materialize_per("well")
def label_images(data: Sequence[SpecialOutput], path: str, filemanager: FileManager, backend: str) -> str:
    """Write each label image as ``<path>_s001_w1_t001.tif``; return the first path.

    Labels are whole numbers from 0, the background. They are written in the narrowest of uint8, uint16 and
    uint32 that holds all of them, since ImageJ opens no 64-bit images; no label changes. Raises ``PipelineError``
    for anything else.
    """
    images = [(f"{path}_{o.stack_name}.tif", _labels(o, filemanager)) for o in data]
    return _saved(images, filemanager, backend)


@materialize_per("well")
def roi_archives(data: Sequence[SpecialOutput], path: str, filemanager: FileManager, backend: str) -> str:
    """Write the outlines of label images as ImageJ ROIs, ``<path>_s001_w1_t001.zip``; return the first path.

    One ROI per label and connected part, on the pixel edges of its plane, named by its label (``0012``, further
    parts ``0012-2``; with several planes ``z001-0012``). ImageJ's ROI manager opens the archive. Holes are
    not written. Needs roifile and scikit-image: ``pip install openhcs-pipeline[rois]``.
    """
    archives = [(f"{path}_{o.stack_name}.zip", _archive(_labels(o, filemanager))) for o in data]
    return _saved(archives, filemanager, backend)


def _saved(named: Sequence[tuple[str, Any]], files: FileManager, backend: str) -> str:
    for path, value in named:
        files.save(value, path, backend)
    return named[0][0]


def _labels(output: SpecialOutput, files: FileManager) -> np.ndarray[Any, Any]:
    where = f"well {output.well}, {output.stack_name}"
    if files.host.memory_type_of(output.value) is None:
        raise PipelineError(f"{where}: a label image is an array, not a {type(output.value).__name__}")
    labels: np.ndarray[Any, Any] = convert(output.value, "numpy", host=files.host)
    if labels.dtype.kind not in "biu" or labels.ndim not in (2, 3) or (labels.size and labels.min() < 0):
        raise PipelineError(
            f"{where}: a label image is a plane or stack of whole numbers from 0, not {labels.dtype} of shape "
            f"{labels.shape}"
        )
    highest = int(labels.max(initial=0))
    fitting = [dtype for dtype in _LABELS if highest <= np.iinfo(dtype).max]
    if not fitting:
        raise PipelineError(f"{where}: label {highest} is more than 32 bits hold; number the objects anew")
    return labels.astype(fitting[0])


def _archive(labels: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for roi in _rois(labels):
            # A fixed time: the same labels are the same file.
            archive.writestr(zipfile.ZipInfo(f"{roi.name}.roi", _EPOCH), roi.tobytes())
    return stream.getvalue()


def _rois(labels: np.ndarray[Any, Any]) -> Iterator[ImagejRoi]:
    try:
        import roifile
        from skimage.measure import find_contours, regionprops
    except ImportError as error:
        raise PipelineError(
            f"ROI archives need roifile and scikit-image ({error}); pip install 'openhcs-pipeline[rois]'"
        ) from error
    planes = labels if labels.ndim == 3 else labels[None]
    for z, plane in enumerate(planes, 1):
        for region in regionprops(plane):
            outlines = find_contours(np.pad(region.image, 1).astype(float), 0.5, positive_orientation="low")
            parts = [outline for outline in outlines if _area(outline) > 0]
            for number, outline in enumerate(parts, 1):
                top, left = region.bbox[:2]
                # Contours lie between the centres of pixels; ImageJ counts from the corner of the first one.
                points = np.column_stack([outline[:, 1] + left - 0.5, outline[:, 0] + top - 0.5])
                name = f"{region.label:04d}" + (f"-{number}" if number > 1 else "")
                name = f"z{z:03d}-{name}" if len(planes) > 1 else name
                position = z - 1 if len(planes) > 1 else None  # roifile counts from 0, ImageJ from 1
                yield roifile.ImagejRoi.frompoints(points, name=name, position=position)


def _area(outline: np.ndarray[Any, Any]) -> float:
    """Return the signed area of a closed outline: outer ones and holes differ in sign."""
    y, x = outline[:-1].T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)
