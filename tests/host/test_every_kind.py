"""Whatever its kind, a broken plugin is reported with distribution, version and cause; nothing else suffers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from openhcs_host import Host, InstanceSpec, errors

spec = importlib.util.spec_from_file_location("seam_test_kinds", Path(__file__).with_name("kinds.py"))
kinds = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kinds)


@pytest.mark.parametrize("way", kinds.WAYS)
@pytest.mark.parametrize("kind", kinds.SOURCES)
def test_a_broken_plugin_is_reported_and_takes_nothing_down(site, monkeypatch, kind, way):
    source, error, words = kinds.broken(kind)[way]
    name = f"{kind}-{kinds.WAYS.index(way)}"
    module = name.replace("-", "_")
    site.install(
        f"ill-{name}", {f"openhcs.{kind}": {"thing": f"ill_{module}"}}, {f"ill_{module}": source}, "2.7"
    )
    well = kinds.good(kind).replace("'thing'", "'well'")
    site.install(f"well-{name}", {f"openhcs.{kind}": {"well": f"well_{module}"}}, {f"well_{module}": well})
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host:
        for _ in range(2):  # and it stays broken in the same way
            with pytest.raises(getattr(errors, error)) as caught:
                host.create(InstanceSpec(kind, "thing"))
            for word in (f"ill-{name} 2.7", f"{kind} 'thing'", words):
                assert word in str(caught.value)
            assert host.create(InstanceSpec(kind, "well")) is not None
        assert host.backend("memory").key == "memory"


@pytest.mark.parametrize("kind", kinds.SOURCES)
def test_a_correct_plugin_of_the_kind_is_created(site, monkeypatch, kind):
    site.install(
        f"good-{kind}", {f"openhcs.{kind}": {"thing": f"good_{kind}"}}, {f"good_{kind}": kinds.good(kind)}
    )
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host:
        one = host.create(InstanceSpec(kind, "thing"))
        assert one is host.create(InstanceSpec(kind, "thing"))


@pytest.mark.parametrize("way", ["an import error", "a later API level", "a misspelt hook"])
def test_a_broken_observer_is_reported_and_the_others_observe(site, monkeypatch, way):
    observer = "{head}@hookimpl\ndef openhcs_progress(done): seen.append(done)\nseen = []\n"
    source = observer.format(head=kinds.HEAD)
    ill = {
        "an import error": "raise ImportError('no luck')",
        "a later API level": source.replace("API = 1", "API = 99"),
        "a misspelt hook": source.replace("openhcs_progress", "openhcs_progres"),
    }[way]
    name = way.split()[-1]
    site.install(f"ill-{name}", {"openhcs.observer": {"ill": f"ill_obs_{name}"}}, {f"ill_obs_{name}": ill})
    site.install(f"fit-{name}", {"openhcs.observer": {"fit": f"fit_obs_{name}"}}, {f"fit_obs_{name}": source})
    monkeypatch.syspath_prepend(str(site.folder))
    monkeypatch.setenv("OPENHCS_OBSERVERS", "ill, fit")
    facts = {"total": 2, "well": "A01", "failed": False}
    with Host() as host:
        (trouble,) = host.notify("openhcs_progress", done=1, **facts)
        assert f"ill-{name} 1.0" in trouble and "OPENHCS_OBSERVERS" in trouble
        assert host.notify("openhcs_progress", done=2, **facts) == []
    assert importlib.import_module(f"fit_obs_{name}").seen == [1, 2]
