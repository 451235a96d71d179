"""What the specification asks of what a label image says besides being an image."""

from __future__ import annotations

from collections.abc import Iterator

from openhcs_backend_zarr.ngff.findings import Finding, error, warning
from openhcs_host.plates.wording import shown

__all__ = ["check_label"]


def check_label(content: object, version: str | None, where: str) -> Iterator[Finding]:
    """Yield what is wrong with the part ``image-label``."""
    label = content if isinstance(content, dict) else {}
    if "colors" not in label:
        yield warning(f"{where}.colors", "a label image should list the colours of its labels")
    if version in ("0.4", "0.5") and not isinstance(label.get("version"), str):
        yield warning(f"{where}.version", "a label image should state its version")
    for key in ("colors", "properties"):
        if key in label:
            yield from _check_values(label[key], f"{where}.{key}")
    source = label.get("source", {})
    if not isinstance(source, dict) or not isinstance(source.get("image", ""), str):
        yield error(
            f"{where}.source", f"the source is an object with the path of an image, not {shown(source)}"
        )


def _check_values(listed: object, where: str) -> Iterator[Finding]:
    if not isinstance(listed, list) or not listed:
        yield error(where, "it is a list of label values, of one at least")
        return
    values = [entry.get("label-value") if isinstance(entry, dict) else None for entry in listed]
    for index, (entry, value) in enumerate(zip(listed, values, strict=True)):
        if type(value) is not int:
            yield error(
                f"{where}[{index}].label-value", f"a label value is a whole number, not {shown(value)}"
            )
        elif "rgba" in entry and not _is_color(entry["rgba"]):
            yield error(f"{where}[{index}].rgba", "a colour is four whole numbers between 0 and 255")
    if len(set(map(str, values))) != len(values):
        yield error(where, "no label value is listed twice")


def _is_color(found: object) -> bool:
    return (
        isinstance(found, list)
        and len(found) == 4
        and all(type(part) is int and 0 <= part <= 255 for part in found)
    )
