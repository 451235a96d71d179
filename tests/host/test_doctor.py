"""``openhcs plugins doctor``: every plugin in a process of its own; what is wrong, and how to mend it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("seam_test_kinds", Path(__file__).with_name("kinds.py"))
kinds = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kinds)

EXTRA = {
    "an import that hangs": ("import time; time.sleep(60)", "did not end within 6 s"),
    "an import that kills the process": (
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "signal 11",
    ),
    "an import that exits at once": ("import os; os._exit(0)", "exit status 0"),
}


def doctor(site, *options, **environment):
    done = site.openhcs("plugins", "doctor", "--json", "--timeout", "6", *options, **environment)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_healthy_installation_is_said_to_be_so(site):
    status, report = doctor(site, OPENHCS_ALLOW="openhcs-host")
    assert status == 0 and report["findings"] == []
    rows = {f"{row['kind']}:{row['key']}": row for row in report["plugins"]}
    assert {"backend:memory", "memory:numpy", "command:plate", "command:plugins"} <= rows.keys()
    assert rows["memory:numpy"]["libraries"] == ["numpy"] and rows["backend:memory"]["libraries"] == []
    assert 0 < rows["memory:numpy"]["seconds"] < 60 and rows["memory:numpy"]["version"]


def test_every_broken_plugin_is_found_and_the_others_are_well(site):
    """One plugin of one kind per way of breaking, all installed together."""
    everything = {}
    names = list(kinds.SOURCES)
    for number, way in enumerate(kinds.WAYS):
        kind = names[number % len(names)]
        source, _, words = kinds.broken(kind)[way]
        everything[f"ill-{number}"] = (kind, source.replace("'thing'", f"'thing{number}'"), words)
    for number, (source, words) in enumerate(EXTRA.values()):
        everything[f"worse-{number}"] = (names[number], source, words)
    for name, (kind, source, _) in everything.items():
        key, module = f"thing{name.split('-')[1]}", name.replace("-", "_")
        key = f"{key}w" if name.startswith("worse") else key
        site.install(name, {f"openhcs.{kind}": {key: module}}, {module: source}, "2.7")
    site.backend("attic", distribution="well-attic")
    # What else is installed here is its own affair.
    status, report = doctor(site, OPENHCS_ALLOW=",".join([*everything, "well-attic"]))
    assert status == 1
    found = {row["distribution"]: row["error"] for row in report["plugins"] if row["error"]}
    assert found.keys() == everything.keys()
    for name, (_, _, words) in everything.items():
        assert words in found[name], name
    text = " ".join(f"{finding['subject']} {finding['mend']}" for finding in report["findings"])
    for name in everything:
        assert f"{name} 2.7" in text and f"pip install --upgrade --force-reinstall {name}" in text


def test_what_is_missing_or_too_old_is_found_with_the_command_that_mends_it(site):
    site.backend("attic", distribution="wanting")
    metadata = site.folder / "wanting-1.0.dist-info" / "METADATA"
    metadata.write_text(
        metadata.read_text()
        + "Requires-Dist: no-such-library>=3\nRequires-Dist: numpy>=99\nRequires-Dist: extra-only; extra == 'x'\n"
    )
    status, report = doctor(site, OPENHCS_ALLOW="wanting")
    assert status == 1
    found = {finding["mend"]: finding["problem"] for finding in report["findings"]}
    assert "is not installed" in found['pip install "no-such-library>=3"']
    assert "is installed as" in found['pip install "numpy>=99"']
    assert not any("extra-only" in mend for mend in found)


def test_conflicts_dangling_pins_and_tables_and_observers_are_found(site, tmp_path):
    site.backend("attic", distribution="attic-a")
    site.backend("attic", distribution="attic-b")
    (tmp_path / "policy.toml").write_text(
        '[plugins]\nobservers = ["nobody"]\n[plugins.pin]\n"backend:zarrr" = "gone"\n[backend.dsk]\nx = 1\n'
    )
    status, report = doctor(
        site, OPENHCS_CONFIG=str(tmp_path / "policy.toml"), OPENHCS_ALLOW="attic-a,attic-b"
    )
    subjects = {finding["subject"] for finding in report["findings"]}
    assert status == 1
    assert {"backend:attic", "backend:zarrr", "[backend.dsk]", "observer:nobody"} <= subjects


def test_what_policy_keeps_out_is_not_tried_and_not_wrong(site):
    site.backend("attic", "import os; os._exit(9)", distribution="kept-out")
    status, report = doctor(site, OPENHCS_ALLOW="openhcs-host")
    assert status == 0
    assert "kept-out" in {row["distribution"] for row in report["unused"]}
    assert "kept-out" not in {row["distribution"] for row in report["plugins"]}


@pytest.mark.parametrize("healthy", [True, False])
def test_people_get_a_table_and_the_mending(site, healthy):
    if not healthy:
        site.backend("attic", "import no_such_module", distribution="sick-attic")
    done = site.openhcs("plugins", "doctor", OPENHCS_ALLOW="openhcs-host,sick-attic")
    assert done.returncode == (0 if healthy else 1)
    assert ("nothing is wrong" in done.stdout) == healthy
    if not healthy:
        assert "wrong: backend:attic (sick-attic 1.0)" in done.stdout and "no_such_module" in done.stdout
        assert "mend: pip install" in done.stdout


MEMORY = """
from openhcs_host import hookimpl
from openhcs_host.arrays.numpy_memory import NumpyMemory
from openhcs_host.contracts.memory import Availability

OPENHCS_API = 1


class Memory(NumpyMemory):
    key = {key!r}

    def availability(self):
        return {found}


@hookimpl
def openhcs_create_memory(key):
    return Memory()
"""
STATES = {
    "fine": ("Availability('ready', 'it works on the CPU')", None),
    "absent": (
        "Availability('library missing', 'Grid is not installed', 'pip install grid')",
        "pip install grid",
    ),
    "driverless": ("Availability('driver missing', 'there is no driver', 'install one')", "install one"),
    "dated": ("Availability('driver too old', 'it supports CUDA up to 9.0', 'update it')", "update it"),
    "deviceless": ("Availability('no device', 'OpenCL shows none')", "pip uninstall states"),
    "raising": ("1 / 0", "--force-reinstall states"),
}


@pytest.fixture
def states(site):
    """Install one memory type in each state."""
    modules = {name: MEMORY.format(key=name, found=found) for name, (found, _) in STATES.items()}
    site.install(
        "states",
        {"openhcs.memory": {name: f"{name}_memory" for name in STATES}},
        {f"{name}_memory": source for name, source in modules.items()},
    )
    return site


def test_the_state_of_each_memory_type_is_told_and_what_is_missing_is_found(states):
    status, report = doctor(states, OPENHCS_ALLOW="openhcs-host,states")
    assert status == 1
    rows = {row["key"]: row for row in report["plugins"] if row["kind"] == "memory"}
    assert rows["numpy"]["availability"] == {"state": "ready", "detail": "", "mend": ""}
    assert rows["fine"]["availability"]["detail"] == "it works on the CPU"
    assert rows["dated"]["availability"]["state"] == "driver too old"
    assert rows["raising"]["availability"] is None and "ZeroDivisionError" in rows["raising"]["error"]
    assert all(row["availability"] is None for row in report["plugins"] if row["kind"] != "memory")
    found = {finding["subject"]: finding for finding in report["findings"]}
    assert found.keys() == {f"memory:{name} (states 1.0)" for name in STATES if name != "fine"}
    for name, (_, mend) in STATES.items():
        if mend is not None:
            assert mend in found[f"memory:{name} (states 1.0)"]["mend"]
    assert found["memory:absent (states 1.0)"]["problem"] == "library missing: Grid is not installed"


def test_people_read_the_state_of_each_memory_type(states):
    done = states.openhcs("plugins", "doctor", OPENHCS_ALLOW="openhcs-host,states")
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    told = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert told["dated"] == ["driver too old", "it supports CUDA up to 9.0"] and told["numpy"] == ["ready"]
    assert told["fine"] == ["ready", "it works on the CPU"] and "raising" not in told
    assert "wrong: memory:driverless (states 1.0)" in done.stdout and "mend: install one" in done.stdout
