"""The host hands out one object per key and configuration, and closes what it handed out."""

from __future__ import annotations

import pickle
import threading

import pytest

from openhcs_host import Host, InstanceSpec
from openhcs_host.errors import PluginInvalidError


def test_the_same_key_gives_the_same_object():
    with Host() as host:
        assert host.backend("memory") is host.backend("memory")


def test_two_hosts_share_nothing():
    with Host() as one, Host() as other:
        one.backend("memory").save(1, "/a")
        assert not other.backend("memory").exists("/a")


def test_another_configuration_gives_another_object(site, monkeypatch):
    site.backend("attic", distribution="attic-by-config")
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host:
        assert host.backend("attic", shelf=1) is host.backend("attic", shelf=1)
        assert host.backend("attic", shelf=1) is not host.backend("attic", shelf=2)


def test_an_object_is_described_picklably_and_made_again_from_that():
    with Host() as host, Host() as worker:
        spec = pickle.loads(pickle.dumps(host.describe(host.backend("memory"))))
        assert spec == InstanceSpec("backend", "memory")
        assert worker.create(spec).key == "memory"


def test_many_threads_activate_a_plugin_once(site, monkeypatch):
    source = (
        "import time\nfrom openhcs_host import hookimpl\n"
        "from openhcs_host.contracts.storage import Capability, DataSink\nOPENHCS_API = 1\nmade = []\n"
        "class Sink(DataSink):\n    key = 'slow'\n    capabilities = Capability.WRITE\n"
        "    def save(self, data, path, *, overwrite=False, image=None, **options): pass\n"
        "@hookimpl\ndef openhcs_create_backend(key):\n    time.sleep(0.05)\n    made.append(1)\n    return Sink()\n"
    )
    site.backend("slow", source, distribution="slow-one")
    monkeypatch.syspath_prepend(str(site.folder))
    got = []
    with Host() as host:
        threads = [threading.Thread(target=lambda: got.append(host.backend("slow"))) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    import slow_one

    assert len(got) == 32 and len(set(map(id, got))) == 1
    assert slow_one.made == [1]


def test_closing_the_host_closes_its_objects_also_after_a_failure(site, monkeypatch):
    site.backend("attic", distribution="closing-attic")
    failing = (
        "from closing_attic import Sink as Base\nfrom openhcs_host import hookimpl\nOPENHCS_API = 1\n"
        "class Sink(Base):\n    key = 'cellar'\n    def close(self): raise OSError('stuck')\n"
        "@hookimpl\ndef openhcs_create_backend(key): return Sink()\n"
    )
    site.backend("cellar", failing, distribution="closing-cellar")
    monkeypatch.syspath_prepend(str(site.folder))
    host = Host()
    attic = host.backend("attic")
    host.backend("cellar")
    with pytest.raises(ExceptionGroup, match="failed to close"):
        host.close()
    assert attic.closed
    host.close()


def test_one_module_may_serve_several_keys(site, monkeypatch):
    source = (
        "from openhcs_host import hookimpl\nfrom openhcs_host.contracts.formats import Format\nOPENHCS_API = 1\n"
        "class Bytes(Format):\n    def __init__(self, key): self.key = key\n"
        "    def write(self, data, stream, *, image=None, **options): stream.write(data)\n"
        "    def read(self, stream, **options): return stream.read()\n"
        "@hookimpl\ndef openhcs_create_format(key): return Bytes(key)\n"
    )
    site.install("both", {"openhcs.format": {".aa": "both", ".bb": "both"}}, {"both": source})
    monkeypatch.syspath_prepend(str(site.folder))
    with Host() as host:
        assert host.format(".aa").key == ".aa"
        assert host.format(".bb").key == ".bb"


OBSERVER = """
from openhcs_host import hookimpl
OPENHCS_API = 1
seen = []
@hookimpl
def openhcs_progress(done, total, well):
    seen.append((done, total, well))
    if well == 'B02': raise ValueError('B02 upsets me')
"""


def test_observers_run_only_when_enabled_and_cannot_break_what_they_observe(site, monkeypatch):
    site.install("watcher", {"openhcs.observer": {"watch": "watcher"}}, {"watcher": OBSERVER})
    monkeypatch.syspath_prepend(str(site.folder))
    facts = {"done": 1, "total": 2, "failed": False}
    with Host() as host:
        assert host.notify("openhcs_progress", well="A01", **facts) == []
        host.enable_observers(["watch"])
        host.enable_observers(["watch"])
        assert host.notify("openhcs_progress", well="A01", **facts) == []
        (trouble,) = host.notify("openhcs_progress", well="B02", **facts)
    assert "B02 upsets me" in trouble and "watch" in trouble
    import watcher

    assert watcher.seen == [(1, 2, "A01"), (1, 2, "B02")]


def test_observers_create_no_objects():
    with Host() as host, pytest.raises((LookupError, PluginInvalidError)):
        host.create(InstanceSpec("observer", "anything"))
