"""Listing, explaining and importing the host import no plugin; one key imports one plugin."""

from __future__ import annotations

import json

HEAVY = ("numpy", "tifffile", "importlib.metadata", "packaging", "click", "rich", "filelock", "json")


def test_importing_the_host_imports_nothing_heavy(site):
    done = site.python(f"""
        import sys
        import openhcs_host
        print([name for name in {HEAVY!r} if name in sys.modules])
    """)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_host_reads_no_metadata_until_asked(site):
    done = site.python("""
        import sys
        import openhcs_host
        openhcs_host.Host()
        print('importlib.metadata' in sys.modules)
    """)
    assert done.stdout.strip() == "False", done.stderr


def test_index_and_resolution_import_no_plugin(site):
    site.backend("attic", "import os; os._exit(9)  # imported!")
    done = site.python("""
        import sys
        from openhcs_host import Host
        host = Host()
        assert host.resolve('backend', 'attic').provider.distribution == 'fake-attic'
        assert 'attic' in host.index.keys('backend')
        print('fake_attic' in sys.modules, 'numpy' in sys.modules)
    """)
    assert done.stdout.strip() == "False False", done.stderr


def test_the_command_line_lists_explains_and_helps_without_importing_a_plugin(site):
    site.backend("attic", "import os; os._exit(9)  # imported!")
    site.install(
        "fake-command",
        {"openhcs.command": {"boom": "fake_boom"}},
        {"fake_boom": "import os; os._exit(9)  # imported!"},
    )
    listed = site.openhcs("plugins", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    keys = {(row["kind"], row["key"]) for row in json.loads(listed.stdout)["plugins"]}
    assert {("backend", "attic"), ("backend", "memory"), ("memory", "numpy")} <= keys
    explained = site.openhcs("plugins", "explain", "backend", "attic")
    assert "fake-attic 1.0" in explained.stdout
    assert "only installed distribution" in explained.stdout
    shown = site.openhcs("--help")
    assert shown.returncode == 0
    assert "boom" in shown.stdout and "fake-command 1.0" in shown.stdout


def test_resolving_one_key_imports_that_plugin_and_no_other(site):
    for key in ("attic", "cellar", "shed"):
        site.backend(key)
    done = site.python("""
        import sys
        from openhcs_host import Host
        sink = Host().backend('cellar')
        print(type(sink).__name__, sorted(name for name in sys.modules if name.startswith('fake_')))
    """)
    assert done.stdout.strip() == "Sink ['fake_cellar']", done.stderr


def test_resolution_does_not_depend_on_the_hash_seed_or_the_order_of_directories(site):
    for key in ("attic", "cellar", "shed"):
        site.backend(key)
    code = """
        from openhcs_host import Host
        print([(p.kind, p.key, str(p)) for p in Host().index.providers])
    """
    seen = {site.python(code, PYTHONHASHSEED=str(seed)).stdout for seed in range(4)}
    assert len(seen) == 1 and "fake-shed 1.0" in seen.pop()
