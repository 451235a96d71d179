"""Each place says what it wants, the rest is inherited, and every value tells where it comes from."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from openhcs_host.errors import ConfigurationError, PipelineError
from openhcs_pipeline import PipelineConfig, VFSConfig, load_pipeline
from openhcs_pipeline.config_command import config
from openhcs_pipeline.settings import Layer, environment_layer, file_layer, resolve, site_layers


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """Stand in an empty folder, with nothing configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENHCS_CONFIG", "")


def test_without_any_word_the_defaults_are_those_of_the_classes():
    settings = resolve([])
    assert settings.vfs == VFSConfig() and (settings.missing, settings.durability) == ("error", "power")
    assert {setting.origin for setting in settings.values.values()} == {"default"}


def test_later_layers_win_and_unset_inherits():
    settings = resolve(
        [
            Layer("site", PipelineConfig(workers=4, missing="skip")),
            Layer("pipeline", PipelineConfig(missing="fill")),
            Layer("options", PipelineConfig(read_backend="disk")),
        ]
    )
    found = {name: (s.value, s.origin) for name, s in settings.values.items() if s.origin != "default"}
    assert found == {
        "workers": (4, "site"),
        "missing": ("fill", "pipeline"),
        "read_backend": ("disk", "options"),
    }


def test_site_file_and_environment_are_layers_in_this_order(tmp_path, monkeypatch):
    site = tmp_path / "openhcs.toml"
    site.write_text('[command.run]\nworkers = 3\nmaterialization_backend = ["disk", "zarr"]\n')
    monkeypatch.setenv("OPENHCS_CONFIG", str(site))
    layers = site_layers({"OPENHCS_PIPELINE_WORKERS": "5", "HOME": "/"})
    settings = resolve(layers)
    assert settings.values["workers"].value == 5
    assert settings.values["workers"].origin == "OPENHCS_PIPELINE_WORKERS"
    assert settings.vfs.materialization_backends == ("disk", "zarr")
    assert settings.values["materialization_backend"].origin == str(site)


def test_several_backends_in_the_environment_are_separated_by_commas():
    (layer,) = environment_layer({"OPENHCS_PIPELINE_MATERIALIZATION_BACKEND": "disk, zarr"})
    assert layer.config.materialization_backend == ("disk", "zarr")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("workrs = 3", "'workrs'. Did you mean 'workers'?"),
        ("workers = 0", "workers must be a whole number from 1, not 0"),
        ("workers = true", "not True"),
        ('workers = "3"', "workers must be"),
        ('missing = "ignore"', "missing must be one of error, skip, fill"),
        ("read_backend = 3", "read_backend must be text"),
        ("materialization_backend = []", "materialization_backend must be"),
        ("backend_kwargs = {disk = 3}", "must be tables by backend"),
    ],
)
def test_unknown_names_and_wrong_types_are_errors_that_name_the_place(tmp_path, table, words):
    file = tmp_path / "run.toml"
    file.write_text(f"[pipeline]\n{table}\n")
    with pytest.raises(ConfigurationError) as caught:
        file_layer(str(file))
    assert words in str(caught.value) and str(file) in str(caught.value)


@pytest.mark.parametrize("text", ["workers = 3", "[pipeline]\n[zarr]\n", "pipeline = 3", "[pip"])
def test_a_file_of_another_shape_is_refused(tmp_path, text):
    (tmp_path / "run.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"run\.toml"):
        file_layer(str(tmp_path / "run.toml"))
    with pytest.raises(ConfigurationError, match="there is no configuration file"):
        file_layer(str(tmp_path / "other.toml"))


def test_variables_are_checked_like_files():
    with pytest.raises(ConfigurationError, match=r"OPENHCS_PIPELINE_WORKRS.*Did you mean 'workers'"):
        environment_layer({"OPENHCS_PIPELINE_WORKRS": "3"})
    with pytest.raises(ConfigurationError, match=r"OPENHCS_PIPELINE_WORKERS.*'many'"):
        environment_layer({"OPENHCS_PIPELINE_WORKERS": "many"})


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({}, "serial"),
        ({"workers": 2}, "threads"),
        ({"executor": "processes"}, "processes"),
        ({"executor": "threads", "workers": 1}, "threads"),
    ],
)
def test_the_executor_follows_from_what_is_said(host, said, key):
    assert resolve([Layer("here", PipelineConfig(**said))]).executor(host).key == key


def test_serial_work_by_several_workers_is_refused(host):
    with pytest.raises(ConfigurationError, match="serial"):
        resolve([Layer("here", PipelineConfig(executor="serial", workers=2))]).executor(host)


FILE = """
from openhcs_pipeline import FunctionStep, PipelineConfig
def same(stack):
    return stack
pipeline = [FunctionStep(same)]
config = CONFIG
"""


def test_show_prints_what_is_in_force_and_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENHCS_PIPELINE_DURABILITY", "process")
    (tmp_path / "p.py").write_text(FILE.replace("CONFIG", "PipelineConfig(missing='skip')"))
    (tmp_path / "run.toml").write_text("[pipeline]\nworkers = 2\n")
    arguments = ["show", "p.py", "--config", "run.toml", "--executor", "processes", "--json"]
    said = json.loads(CliRunner().invoke(config, arguments, catch_exceptions=False).output)
    assert [(row["name"], row["value"], row["from"]) for row in said] == [
        ("durability", "process", "OPENHCS_PIPELINE_DURABILITY"),
        ("missing", "skip", "p.py"),
        ("workers", 2, "run.toml"),
        ("executor", "processes", "--executor"),
    ]
    done = CliRunner().invoke(config, [*arguments[:-1], "--resolved"], catch_exceptions=False)
    assert 'read_backend             "virtual_workspace"  default\n' in done.output
    assert "workers                  2                    run.toml\n" in done.output


def test_a_pipeline_file_configures_with_the_class_only(tmp_path):
    (tmp_path / "p.py").write_text(FILE.replace("CONFIG", "{'missing': 'skip'}"))
    with pytest.raises(PipelineError, match="'config' is a dict, no PipelineConfig"):
        load_pipeline(tmp_path / "p.py")
