"""Site policy: pins, blocks, allow-lists and tables, from file, environment and argument, before any import."""

from __future__ import annotations

import json

import pytest

from openhcs_host import Host
from openhcs_host.errors import (
    ConfigurationError,
    PluginBlockedError,
    PluginConflictError,
    PluginNotFoundError,
)
from openhcs_host.seam.policy import Policy
from openhcs_host.seam.policy_sources import read_policy

DEADLY = "import os; os._exit(9)  # imported!"


@pytest.fixture
def path(site, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(site.folder))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    site.project = project
    return site


def write(site, text):
    (site.project / "openhcs.toml").write_text(text)


def two_attics(site, name):
    site.backend("attic", distribution=f"{name}-a")
    site.backend("attic", distribution=f"{name}-b")


def test_a_conflict_shows_the_line_that_settles_it_and_the_line_settles_it(path):
    two_attics(path, "settled")
    with pytest.raises(PluginConflictError) as caught:
        Host().backend("attic")
    assert "settled-a 1.0 and settled-b 1.0" in str(caught.value)
    line = '  [plugins.pin]\n  "backend:attic" = "settled-a"'
    assert line in str(caught.value)
    write(path, line.replace("settled-a", "Settled_B"))  # names compare as the packaging standards say
    resolution = Host().resolve("backend", "attic")
    assert resolution.provider.distribution == "settled-b"
    assert "pinned by" in resolution.reason and "openhcs.toml" in resolution.reason
    (other,) = resolution.others
    assert other.provider.distribution == "settled-a" and other.reason == "another is pinned"
    assert Host().backend("attic").key == "attic"


def test_environment_overrules_the_file_and_the_argument_overrules_both(path, monkeypatch):
    for letter in "abc":
        path.backend("attic", distribution=f"level-{letter}")
    taken = lambda **given: Host(**given).resolve("backend", "attic").provider.distribution  # noqa: E731
    write(path, '[plugins.pin]\n"backend:attic" = "level-a"')
    assert taken() == "level-a"
    monkeypatch.setenv("OPENHCS_PIN", "format:.x=nobody, backend:attic=level-b")
    assert taken() == "level-b"
    assert taken(policy=Policy.of(pin={"backend:attic": "level-c"})) == "level-c"


@pytest.mark.parametrize("offered", [False, True])
def test_a_pin_to_something_absent_is_an_error_that_names_the_pin(path, offered):
    if offered:
        path.backend("attic", distribution="present")
    write(path, '[plugins.pin]\n"backend:attic" = "absent"')
    with pytest.raises(PluginNotFoundError, match=r"openhcs\.toml pins") as caught:
        Host().backend("attic")
    assert "'absent'" in str(caught.value)
    assert ("present 1.0" in str(caught.value)) == offered


@pytest.mark.parametrize("rule", ["deadly-attic", "backend:attic", "Deadly.Attic"])
def test_a_block_acts_before_any_import(path, rule):
    path.backend("attic", DEADLY, distribution="deadly-attic")
    write(path, f'[plugins]\nblock = ["{rule}"]')
    with pytest.raises(PluginBlockedError, match="blocked by") as caught:
        Host().backend("attic")
    assert rule in str(caught.value) and "openhcs.toml" in str(caught.value)


def test_a_block_leaves_the_other_provider(path, monkeypatch):
    two_attics(path, "halved")
    monkeypatch.setenv("OPENHCS_BLOCK", "halved-a")
    resolution = Host().resolve("backend", "attic")
    assert resolution.provider.distribution == "halved-b"
    assert "blocked by OPENHCS_BLOCK" in resolution.others[0].reason


def test_blocks_of_all_levels_add_up(path, monkeypatch):
    write(path, '[plugins]\nblock = ["one"]')
    monkeypatch.setenv("OPENHCS_BLOCK", "two,three")
    names = [rule.name for rule in read_policy(Policy.of(block=["four"])).blocked]
    assert names == ["one", "two", "three", "four"]


def test_an_allow_list_admits_only_its_own_and_the_host(path, monkeypatch):
    path.backend("attic", DEADLY, distribution="not-listed")
    path.backend("cellar", distribution="listed")
    monkeypatch.setenv("OPENHCS_ALLOW", "listed")
    with Host() as host:
        assert host.backend("cellar").key == "cellar" and host.backend("memory").key == "memory"
        with pytest.raises(PluginBlockedError, match="not on the allow-list of OPENHCS_ALLOW"):
            host.backend("attic")
    monkeypatch.setenv("OPENHCS_ALLOW", "")
    with pytest.raises(PluginBlockedError, match="allow-list"):
        Host().backend("cellar")


def test_a_pin_to_something_blocked_is_an_error_that_names_both(path):
    two_attics(path, "torn")
    write(path, '[plugins]\nblock = ["torn-a"]\n[plugins.pin]\n"backend:attic" = "torn-a"')
    with pytest.raises(PluginBlockedError, match="pins backend 'attic' to 'torn-a', but 'torn-a' is blocked"):
        Host().backend("attic")


def test_a_pin_switches_the_provider_of_a_format(path):
    path.install("shelf", {"openhcs.backend": {"shelf": "shelf"}, "openhcs.format": {".dat": "shelf"}})
    path.install("extra", {"openhcs.format": {".dat": "extra"}})
    assert Host().resolve("format", ".dat").provider.distribution == "shelf"
    write(path, '[plugins.pin]\n"format:.dat" = "extra"')
    assert Host().resolve("format", ".dat").provider.distribution == "extra"


CONFIGURED = """
import attrs
from openhcs_host import hookimpl
from openhcs_host.contracts.configuration import configured
from openhcs_host.contracts.storage import Capability, DataSink
OPENHCS_API = 1
@attrs.frozen
class Config:
    shelves: int = attrs.field(default=4, validator=attrs.validators.instance_of(int))
    lamp: bool = False
class Sink(DataSink):
    key = 'attic'
    capabilities = Capability.WRITE
    def save(self, data, path, *, overwrite=False, image=None, **options): pass
@hookimpl
def openhcs_create_backend(key, config):
    sink = Sink()
    sink.config = configured(Config, config, f"backend {key!r}")
    return sink
"""


def test_a_table_is_handed_to_its_plugin_and_the_caller_overrules_it(path):
    path.backend("attic", CONFIGURED, distribution="table-attic")
    write(path, "[backend.attic]\nshelves = 9\nlamp = true")
    with Host() as host:
        assert (host.backend("attic").config.shelves, host.backend("attic").config.lamp) == (9, True)
        assert host.backend("attic", shelves=2).config.shelves == 2
        assert host.backend("attic", shelves=2).config.lamp is True
    stronger = Policy.of(tables={"backend": {"attic": {"shelves": 7}}})
    assert Host(policy=stronger).backend("attic").config.shelves == 7


def test_a_description_carries_the_table_to_processes_that_do_not_see_the_file(path, monkeypatch):
    path.backend("attic", CONFIGURED, distribution="carried-attic")
    write(path, "[backend.attic]\nshelves = 9")
    with Host() as host:
        spec = host.describe(host.backend("attic"))
    (path.project / "openhcs.toml").unlink()
    assert Host().create(spec).config.shelves == 9


@pytest.mark.parametrize(
    ("table", "words"), [("shelfs = 2", "Did you mean 'shelves'"), ('shelves = "many"', "'shelves' must be")]
)
def test_a_wrong_table_is_an_error_of_that_plugin_only(path, table, words):
    path.backend("attic", CONFIGURED, distribution=f"wrong-attic-{len(table)}")
    write(path, f"[backend.attic]\n{table}")
    with Host() as host:
        with pytest.raises(ConfigurationError, match=words):
            host.backend("attic")
        assert host.backend("memory").key == "memory"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[plugins\n", "is no TOML"),
        ("[plugin]\n", "Known: backend"),
        ("[plugins]\nblok = []", "Did you mean 'block'"),
        ("[plugins]\nblock = 3", "list of strings"),
        ("[plugins]\nallow = 'x'", "list of strings"),
        ("[plugins.pin]\nzarr = 'x'", "write it as 'kind:key'"),
        ("[plugins.pin]\n'bakend:zarr' = 'x'", "no kind 'bakend'"),
        ("[plugins.pin]\n'backend:zarr' = 3", "must name a distribution"),
        ("plugins = 3", "must be a table"),
        ("[backend]\nzarr = 3", "must be a table"),
    ],
)
def test_a_wrong_file_is_an_error_that_names_it(path, text, words):
    write(path, text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        Host().backend("memory")
    assert str(path.project / "openhcs.toml") in str(caught.value)


def test_a_wrong_environment_is_an_error_that_names_the_variable(path, monkeypatch):
    monkeypatch.setenv("OPENHCS_PIN", "backend:attic")
    with pytest.raises(ConfigurationError, match="OPENHCS_PIN"):
        Host().backend("memory")


def test_one_file_can_be_named_and_none_at_all(path, monkeypatch, tmp_path):
    write(path, '[plugins]\nblock = ["from-project"]')
    (tmp_path / "site.toml").write_text('[plugins]\nblock = ["from-site"]')
    monkeypatch.setenv("OPENHCS_CONFIG", str(tmp_path / "site.toml"))
    assert [rule.name for rule in read_policy().blocked] == ["from-site"]
    monkeypatch.setenv("OPENHCS_CONFIG", "")
    assert read_policy() == Policy()
    monkeypatch.setenv("OPENHCS_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        read_policy()


def test_the_project_s_file_overrules_the_site_s(path, monkeypatch, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "openhcs.toml").write_text(
        '[plugins.pin]\n"backend:x" = "site"\n"backend:y" = "site"'
    )
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    write(path, '[plugins.pin]\n"backend:x" = "project"')
    pins = read_policy().pins
    assert {key: rule.name for (_, key), rule in pins.items()} == {"x": "project", "y": "site"}


def test_list_and_explain_show_policy_without_an_import(path):
    path.backend("attic", DEADLY, distribution="shown-a")
    path.backend("attic", DEADLY, distribution="shown-b")
    rows = json.loads(path.openhcs("plugins", "list", "--json").stdout)["plugins"]
    assert {row["state"] for row in rows if row["key"] == "attic"} == {"several providers"}
    environment = {"OPENHCS_BLOCK": "shown-a"}
    listed = path.openhcs("plugins", "list", **environment)
    assert "'shown-a' is blocked by OPENHCS_BLOCK" in listed.stdout
    explained = path.openhcs("plugins", "explain", "backend", "attic", **environment)
    assert explained.returncode == 0
    assert "shown-b 1.0" in explained.stdout and "passed over: shown-a 1.0" in explained.stdout


def test_the_same_site_resolves_the_same_whatever_the_hash_seed_or_the_order_of_directories(path):
    for number in range(6):
        path.backend("attic" if number < 2 else f"key{number}", distribution=f"ordered-{number}")
    code = """
        import os, random, sys
        listdir = os.listdir
        def shuffled(*args):
            names = listdir(*args)
            random.Random(int(os.environ["ORDER"])).shuffle(names)
            return names
        os.listdir = shuffled
        from openhcs_host import Host
        host = Host()
        print([(p.kind, p.key, str(p)) for p in host.index.providers])
        print(host.resolve("backend", "key3"), host.resolve("backend", "memory"))
        try:
            host.resolve("backend", "attic")
        except LookupError as error:
            print(error)
    """
    seen = {path.python(code, PYTHONHASHSEED=str(seed), ORDER=str(seed)).stdout for seed in range(20)}
    assert len(seen) == 1
    assert "ordered-0 1.0 and ordered-1 1.0" in seen.pop()


def test_a_requirement_on_another_host_is_refused_before_the_import_with_the_command(path):
    path.backend("attic", DEADLY, distribution="needs-later")
    metadata = path.folder / "needs_later-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text() + "Requires-Dist: openhcs-host>=99\n")
    with pytest.raises(ImportError, match="openhcs-host>=99, which is installed as") as caught:
        Host().backend("attic")
    assert "pip install --upgrade needs-later openhcs-host" in str(caught.value)
    assert Host().backend("memory").key == "memory"
