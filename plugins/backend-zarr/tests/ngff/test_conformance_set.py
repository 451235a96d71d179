"""Every valid document of the specification's own set is accepted, every invalid one refused.

The set belongs to the draft of 0.6; documents of plates, wells and labels are as in 0.5, those of images
have coordinate systems. The same set comes twice, as attributes and as groups.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from openhcs_backend_zarr.ngff.checking import check_attributes
from openhcs_backend_zarr.ngff.documents import parse_json
from openhcs_backend_zarr.ngff.images import ImageParser
from openhcs_backend_zarr.ngff.parsing import parse_label, parse_plate, parse_well
from openhcs_host.errors import PlateError

_DEFAULT = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "plates"
_ROOT = Path(os.environ.get("OPENHCS_PLATES", _DEFAULT)).parent / "ngff-conformance" / "tests"
_NAMES = [path.relative_to(_ROOT).as_posix() for path in sorted(_ROOT.rglob("*.json"))]
_VALID = [name for name in _NAMES if "/valid/" in name]
_INVALID = [name for name in _NAMES if "/invalid/" in name]

# The groups write "input": "0" where the attributes write "input": {"path": "0"}, and the set itself lists
# the former as invalid (attributes/spec/invalid/image/invalid_multiscale_transform_input_output.json).
_TEXT_FOR_OBJECT = {name for name in _VALID if name.startswith("zarr/") and "/image/" in name}
# A scale of two numbers for three axes, which the text forbids and the schema cannot.
_SHORT_SCALE = {name for name in _VALID if "mismatch_axes_units" in name}


def _attributes(root: Path, name: str) -> dict:
    content = parse_json((root / name).read_bytes(), name)
    return content["attributes"] if name.startswith("zarr/") else content


def test_the_set_is_complete(conformance):
    assert (len(_VALID), len(_INVALID)) == (58, 170)


@pytest.mark.parametrize("name", _VALID)
def test_valid_documents_are_accepted(conformance, name):
    attributes = _attributes(conformance, name)
    errors = [f for f in check_attributes(attributes, "") if f.severity == "error"]
    if name in _TEXT_FOR_OBJECT:
        assert errors and all(error.where.endswith((".input", ".output")) for error in errors)
    else:
        assert errors == []


@pytest.mark.parametrize("name", _VALID)
def test_valid_documents_are_read(conformance, name):
    attributes = _attributes(conformance, name)
    parse = {"plate": parse_plate, "well": parse_well, "image-label": parse_label}
    part = next((part for part in parse if part in attributes["ome"]), None)
    if part is not None:
        assert parse[part](attributes, name) is not None
    elif "scene" not in attributes["ome"]:
        if name in _SHORT_SCALE:
            with pytest.raises(PlateError, match="should be 3 numbers"):
                ImageParser()(attributes, name)
            return
        image = ImageParser()(attributes, name)
        assert len(image.datasets[0].scale) == len(image.axes)


@pytest.mark.parametrize("name", _INVALID)
def test_invalid_documents_are_refused(conformance, name):
    try:
        attributes = _attributes(conformance, name)
    except PlateError:
        with pytest.raises(json.JSONDecodeError):  # two of the set are no JSON at all
            json.loads((conformance / name).read_text())
        return
    findings = check_attributes(attributes, "")
    # The strict half asks for what a document only should have.
    severities = ("error", "warning") if "strict/" in name else ("error",)
    assert [finding for finding in findings if finding.severity in severities]
