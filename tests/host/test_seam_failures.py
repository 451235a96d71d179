"""Every way in which a plugin can be broken is reported, and breaks nothing else."""

from __future__ import annotations

import pytest

from openhcs_host import Host
from openhcs_host.errors import (
    ConfigurationError,
    PluginConflictError,
    PluginInvalidError,
    PluginNotFoundError,
)

BASE = """
from openhcs_host import hookimpl
from openhcs_host.contracts.storage import Capability, DataSink
OPENHCS_API = 1
class Sink(DataSink):
    key = 'attic'
    capabilities = Capability.WRITE
    def save(self, data, path, *, overwrite=False, image=None, **options): pass
"""


@pytest.fixture
def path(site, monkeypatch):
    monkeypatch.syspath_prepend(str(site.folder))
    return site


def test_the_cause_of_a_load_error_is_kept(path):
    path.backend("attic", "1 / 0", distribution="cause-kept")
    with pytest.raises(ImportError) as caught:
        Host().backend("attic")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_class_is_refused_before_it_is_registered(path):
    path.install("by-class", {"openhcs.backend": {"attic": "by_class:Sink"}}, {"by_class": BASE})
    with pytest.raises(PluginInvalidError, match="is a class"):
        Host().backend("attic")


def test_an_instance_with_hook_methods_is_a_plugin(path):
    source = BASE + (
        "class Plugin:\n    OPENHCS_API = 1\n    @hookimpl\n"
        "    def openhcs_create_backend(self, key): return Sink()\nplugin = Plugin()"
    )
    path.install("by-instance", {"openhcs.backend": {"attic": "by_instance:plugin"}}, {"by_instance": source})
    assert Host().backend("attic").key == "attic"


def test_an_unknown_key_says_what_is_installed_and_what_was_meant(path):
    with pytest.raises(LookupError) as caught:
        Host().backend("memry")
    assert isinstance(caught.value, PluginNotFoundError)
    assert "Did you mean 'memory'?" in str(caught.value)
    assert "openhcs-host" in str(caught.value)


def test_two_providers_of_a_key_are_an_error_that_names_both(path):
    path.backend("attic", distribution="attic-of-a")
    path.backend("attic", distribution="attic-of-b")
    with pytest.raises(PluginConflictError, match=r"attic-of-a 1\.0 and attic-of-b 1\.0"):
        Host().backend("attic")


def test_of_two_formats_the_one_shipped_with_a_backend_is_taken_and_explained(path):
    path.install("shelf", {"openhcs.backend": {"shelf": "shelf"}, "openhcs.format": {".dat": "shelf"}})
    path.install("extra", {"openhcs.format": {".dat": "extra"}})
    resolution = Host().resolve("format", ".dat")
    assert resolution.provider.distribution == "shelf"
    assert "storage backend" in resolution.reason
    assert [other.provider.distribution for other in resolution.others] == ["extra"]


def test_a_distribution_found_twice_on_the_path_counts_once_the_first(site, tmp_path, monkeypatch):
    site.install("twice", {"openhcs.backend": {"attic": "old"}}, version="1.0")
    first = type(site)(tmp_path / "first")
    first.install("Twice", {"openhcs.backend": {"attic": "new"}}, version="2.0")
    monkeypatch.syspath_prepend(str(site.folder))
    monkeypatch.syspath_prepend(str(first.folder))
    (offer,) = Host().index.offers("backend", "attic")
    assert (offer.version, offer.target) == ("2.0", "new")


def test_a_first_version_without_our_entry_points_hides_a_later_one_with_them(site, tmp_path, monkeypatch):
    site.install("turned", {"openhcs.backend": {"attic": "old"}}, version="1.0")
    first = type(site)(tmp_path / "first")
    first.install("turned", {"console_scripts": {"x": "x:y"}}, version="2.0")
    monkeypatch.syspath_prepend(str(site.folder))
    monkeypatch.syspath_prepend(str(first.folder))
    assert Host().index.offers("backend", "attic") == ()


def test_unreadable_metadata_is_a_problem_and_hides_nothing(site, monkeypatch):
    site.backend("attic")
    broken = site.folder / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_bytes(b"[openhcs.backend]\nx = \xff\xfe\n")
    monkeypatch.syspath_prepend(str(site.folder))
    index = Host().index
    assert index.offers("backend", "attic")
    assert len(index.problems) == 1 and "reinstall" in index.problems[0]


def test_an_unknown_option_names_the_nearest_valid_one(path):
    source = BASE + (
        "import attrs\nfrom openhcs_host.contracts.configuration import configured\n"
        "@attrs.frozen\nclass Config:\n    shelves: int = attrs.field(default=1, "
        "validator=attrs.validators.instance_of(int))\n"
        "@hookimpl\ndef openhcs_create_backend(key, config):\n"
        "    sink = Sink()\n    sink.config = configured(Config, config, \"backend 'attic'\")\n    return sink"
    )
    path.backend("attic", source, distribution="configured-attic")
    host = Host()
    with pytest.raises(ConfigurationError, match="Did you mean 'shelves'"):
        host.backend("attic", shelfs=3)
    with pytest.raises(ConfigurationError, match="shelves"):
        host.backend("attic", shelves="many")
    assert host.backend("attic", shelves=3).config.shelves == 3
