"""Everything that made the results is shown, known to this version or not."""

from __future__ import annotations

import json

from openhcs_report.markup import document
from openhcs_report.record_section import record_section
from openhcs_report.run_record import read_run


def shown(parse_page, folder, **fields):
    (folder / "run.json").write_text(json.dumps({"wells": {}, **fields}))
    return parse_page(document(record_section(read_run(folder))))


def test_steps_with_settings_functions_and_sources(parse_page, tmp_path):
    step = {
        "name": "count",
        "group_by": "channel",
        "variable_components": ["z_index", "site"],
        "functions": {
            "1": [
                {"name": "label", "keywords": {"smallest": "30"}, "source": "def label(stack, smallest): …"}
            ],
            "all": [{"name": "other", "keywords": {}, "source": None, "path": "skimage.x"}],
        },
    }
    page = shown(parse_page, tmp_path, steps=[step])
    assert page.texts("code") == ["label(smallest=30)", "other()"]
    assert "def label(stack, smallest): …" in page.texts("pre")
    assert "No source recorded." in page.texts("p")
    assert "z_index, site" in page.texts("td")
    assert any("skimage.x" in told for told in page.texts("pre"))


def test_versions_backends_tables_and_unknown_fields(parse_page, tmp_path):
    page = shown(
        parse_page,
        tmp_path,
        plate="/data/p",
        backends={"read_backend": "zarr"},
        versions={"openhcs-host": "0.1.0"},
        tables={"nuclei": "/out/nuclei.csv"},
        durability="power",
        conversions=[{"source": "numpy", "target": "torch"}],
    )
    told = " ".join(page.texts("tr"))
    expected = (
        "/data/p",
        "read_backendzarr",
        "durabilitypower",
        "openhcs-host0.1.0",
        "nuclei/out/nuclei.csv",
    )
    assert [part for part in expected if part not in told] == []
    assert json.loads(page.texts("pre")[0]) == [{"source": "numpy", "target": "torch"}]
    assert "conversions (from run.json)" in page.texts("summary")


def test_steps_of_another_shape_are_shown_as_they_are(parse_page, tmp_path):
    page = shown(parse_page, tmp_path, steps=[{"name": "a", "functions": "f"}, {"functions": {"1": "g"}}])
    assert page.texts("pre") == ["f", "g"]


def test_a_field_of_any_length_stays_bounded(parse_page, tmp_path):
    (told,) = shown(parse_page, tmp_path, log="x" * 1_000_000).texts("pre")
    assert len(told) < 51_000 and told.endswith("… 950000 more characters in run.json")
