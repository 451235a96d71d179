"""Runs a kit over a correct plugin and many wrong ones, in one process of its own."""

from __future__ import annotations

import collections
import importlib.util
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest

MUTANTS = Path(__file__).parent / "mutants"
ALL = "KIT_MUTANTS_ALL"  # set it to run all tests on all mutants, and to see which of them catch which

# One failing test is enough, unless nearly everything fails: then the mutant is broken in itself.
STOP_EARLY = """
import collections, pytest
passed, failed = collections.Counter(), set()

def pytest_runtest_logreport(report):
    cls = report.nodeid.split("::")[1]
    passed[cls] += report.when == "call" and report.passed
    if report.failed and "reference" not in cls:
        failed.add(cls)

def pytest_runtest_setup(item):
    if item.cls.__name__ in failed and passed[item.cls.__name__] >= 3:
        pytest.skip("caught already")
"""


def install(site: Path, kind: str, module: str, keys: list[str]) -> None:
    """Announce every key of a module as a plugin of an installed distribution."""
    info = site / "kit_mutants-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kit-mutants\nVersion: 1.0\n")
    points = "\n".join(f"{key} = {module}" for key in keys)
    text = f"[openhcs.{kind}]\n{points}\n"
    memories = [key.partition(".")[0] for key in keys] if kind in ("memory", "converter") else []
    if memories:  # each has array classes of its own
        text += "[openhcs.array]\n" + "\n".join(f"{key}_arrays = {key}" for key in memories) + "\n"
    if kind == "converter":
        text += "[openhcs.memory]\n" + "\n".join(f"{key} = {module}" for key in memories) + "\n"
    (info / "entry_points.txt").write_text(text)


def keys_of(module: str) -> list[str]:
    """Return the keys of the plugins in a module of mutants."""
    spec = importlib.util.spec_from_file_location(module, MUTANTS / f"{module}.py")
    loaded = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(MUTANTS))  # for what it takes from another one
        spec.loader.exec_module(loaded)
    return list(loaded.PLUGINS)


def run_pytest(
    folder: Path, test: Path, *paths: Path, options: tuple[str, ...] = ()
) -> tuple[subprocess.CompletedProcess, Path]:
    """Run a test file in a new process; return it and the report it wrote."""
    report = folder / "report.xml"
    done = subprocess.run(
        [
            *[sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-ra"],
            *[
                "--import-mode=importlib",
                "-W",
                "error",
                f"--rootdir={folder}",
                f"--basetemp={folder / 'tmp'}",
            ],
            *[f"--junit-xml={report}", "-o", "junit_family=xunit2", *options, str(test)],
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    return done, report


def outcomes(report: Path) -> dict[str, dict[str, list[str]]]:
    """Return class to outcome (passed, failed, skipped) to the names of its tests."""
    found: dict[str, dict[str, list[str]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for case in ET.parse(report).iter("testcase"):
        marks = {child.tag for child in case}
        outcome = "failed" if marks & {"failure", "error"} else "skipped" if "skipped" in marks else "passed"
        found[case.attrib["classname"].rpartition(".")[2]][outcome].append(case.attrib["name"])
    return found


@pytest.fixture
def report_of(tmp_path: Path) -> Callable[..., dict]:
    """Run the source of a test module in a new process; return outcomes by class, and the output."""

    def run(source: str, *options: str) -> dict:
        test = tmp_path / "test_of_an_author.py"
        test.write_text(source, encoding="utf-8")
        done, report = run_pytest(tmp_path, test, options=options)
        return {**outcomes(report), "output": done.stdout + done.stderr}

    return run


@pytest.fixture
def score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Certify every plugin of a module of mutants: the references pass, each mutant fails somewhere."""

    def run(kind: str, module: str, at_least: int) -> None:
        keys = keys_of(module)
        install(tmp_path / "site", kind, module, keys)
        home = module.replace("mutants", "kit")  # a plugin that must not import pytest has its kit beside it
        home = home if (MUTANTS / f"{home}.py").is_file() else module
        lines = [f"from {home} import ThisKit"]
        names = {key: "Test_" + "".join(c if c.isalnum() else "_" for c in key) for key in keys}
        lines += [f"class {name}(ThisKit):\n    key = {key!r}" for key, name in names.items()]
        test = tmp_path / "test_mutants.py"
        test.write_text("\n".join(lines) + "\n", encoding="utf-8")
        if not os.environ.get(ALL):
            (tmp_path / "conftest.py").write_text(STOP_EARLY, encoding="utf-8")
        done, report = run_pytest(tmp_path, test, tmp_path / "site", MUTANTS)
        assert done.returncode == 1, done.stdout + done.stderr  # ran, and something failed
        found = {key: outcomes(report)[name] for key, name in names.items()}
        references = [key for key in keys if key.lstrip(".").startswith("reference")]
        for key in references:
            assert not found[key]["failed"], f"{key}: {found[key]['failed']}\n{done.stdout[-6000:]}"
            assert len(found[key]["passed"]) > 5
        mutants = [key for key in keys if key not in references]
        caught = [key for key in mutants if found[key]["failed"]]
        with capsys.disabled():
            sys.stdout.write(f"\n{kind} ({module}): {len(caught)} of {len(mutants)} mutants caught\n")
        if os.environ.get(ALL):
            with capsys.disabled():
                for key in mutants:
                    sys.stdout.write(f"  {key}: {', '.join(found[key]['failed'][:4])}\n")
        assert caught == mutants, f"survived: {sorted(set(mutants) - set(caught))}"
        assert len(mutants) >= at_least
        # One that fails everything is broken in itself and says nothing about the kit.
        broken = [key for key in mutants if len(found[key]["passed"]) < 3]
        assert not broken, f"these mutants fail nearly everything: {broken}"

    return run
