"""A test of a kit cannot get lost, whatever an author does by accident."""

from __future__ import annotations

import subprocess
import sys

import pytest

from openhcs_host.testing import StorageKit, StreamingKit


def define(name="TestIt", base=StorageKit, /, **namespace):
    return type(base)(name, (base,), {"__module__": "somewhere", "key": "memory", **namespace})


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        ({"test_overwrite_replaces": None}, "test_overwrite_replaces"),
        ({"test_overwrite_replaces": lambda self: None}, "test_overwrite_replaces"),
        ({"test_overwrite_replaces": StorageKit.test_deep_paths}, "test_overwrite_replaces"),
        (
            {"test_deep_paths": pytest.mark.skip(lambda self, backend: None)},
            "test_deep_paths",
        ),
        ({"test_the_kit_is_whole": None}, "test_the_kit_is_whole"),
        ({"_does_not_apply": lambda self, request: "I say so"}, "_does_not_apply"),
        ({"_declared": None}, "_declared"),
        ({"__init__": lambda self: None}, "__init__"),
        ({"__test__": False}, "__test__"),
        ({"pytestmark": pytest.mark.skip(reason="later")}, "skip"),
        ({"pytestmark": [pytest.mark.xfail(reason="flaky")]}, "xfail"),
        ({"expected_failure": {}}, "did you mean 'expected_failures'"),
        ({"example": {}}, "did you mean 'examples'"),
        ({"backends": lambda self: None}, "did you mean 'backend'"),
        ({"expected_failures": {"test_overwrite_replace": "why"}}, "Did you mean 'test_overwrite_replaces'"),
        ({"expected_failures": {"test_overwrite_replaces": " "}}, "test_overwrite_replaces.*reason"),
        ({"expected_failures": {"test_overwrite_replaces": True}}, "test_overwrite_replaces.*reason"),
        ({"expected_failures": {"test_the_kit_is_whole": "no guard"}}, "test_the_kit_is_whole"),
    ],
)
def test_a_class_that_would_lose_a_test_cannot_be_defined(namespace, names):
    with pytest.raises(TypeError, match=names):
        define(**namespace)


def test_a_mixin_cannot_hide_a_test_either():
    class Mixin:
        def test_deep_paths(self):
            return

    with pytest.raises(TypeError, match="test_deep_paths"):
        type(StorageKit)("TestIt", (Mixin, StorageKit), {"__module__": "somewhere"})


def test_a_class_that_pytest_would_not_collect_cannot_be_defined():
    with pytest.raises(TypeError, match="begin its name with 'Test'"):
        define("CheckDisk")

    class Base(StorageKit, abstract=True):
        key = "memory"

    class TestOne(Base):
        pass

    assert TestOne.key == "memory"


def test_a_class_cannot_take_the_name_of_another_in_its_module(monkeypatch):
    monkeypatch.setitem(globals(), "TestMine", define("TestMine", StreamingKit, __module__=__name__))
    with pytest.raises(TypeError, match="two classes 'TestMine'"):
        define("TestMine", StorageKit, __module__=__name__)


@pytest.mark.parametrize(
    "change", ["TestIt.test_deep_paths = None", "TestIt.test_deep_paths = lambda self: None"]
)
def test_a_class_that_is_changed_after_it_was_defined_is_noticed(report_of, change):
    code = "from openhcs_host.testing import StorageKit\nclass TestIt(StorageKit):\n    key = 'memory'\n"
    result = report_of(f"{code}{change}\n")
    assert result["TestIt"]["failed"] == ["test_the_kit_is_whole"]
    assert "replaces or drops 'test_deep_paths'" in result["output"]


EXPECTED = """
import pytest
from openhcs_host.contracts.storage import Capability
from openhcs_host.testing import StorageKit

class Memory(StorageKit, abstract=True):
    key = "memory"

class TestHonest(Memory):
    def test_of_my_own(self, backend):
        assert backend.key == "memory"

class TestStale(Memory):
    expected_failures = {"test_deep_paths": "paths had a limit once"}

class TestNotApplicable(Memory):
    expected_failures = {"test_a_link_needs_a_target": "no links"}

class TestDeclared(Memory):
    expected_failures = {"test_many_files_are_all_listed": "the server pages"}

    @pytest.fixture
    def backend(self, host):
        backend = host.backend("memory")
        whole = backend.list_files
        backend.list_files = lambda directory, *, recursive=False: whole(directory, recursive=recursive)[:99]
        return backend

class TestNoHost(Memory):
    @pytest.fixture
    def backend(self):
        from openhcs_host.files.memory_backend import MemoryBackend
        return MemoryBackend()
"""


def test_expected_failures_are_declared_visible_and_strict(report_of):
    result = report_of(EXPECTED)
    assert result["TestHonest"]["failed"] == []
    assert "test_of_my_own" in result["TestHonest"]["passed"]
    assert result["TestStale"]["failed"] == ["test_deep_paths"]
    assert result["TestNotApplicable"]["failed"] == ["test_a_link_needs_a_target"]
    assert result["TestDeclared"]["failed"] == []
    assert "test_many_files_are_all_listed" in result["TestDeclared"]["skipped"]  # so JUnit calls an xfail
    assert "the server pages" in result["output"]
    assert result["TestNoHost"]["failed"] == ["test_another_process_can_recreate_it"]
    assert "from the fixture `host`" in result["output"]


def test_a_test_skipped_by_a_mark_is_noticed(report_of):
    mark = "pytest.mark.skip(reason='in secret')(TestIt.test_deep_paths)\n"
    code = "import pytest\nfrom openhcs_host.testing import StorageKit\nclass TestIt(StorageKit):\n    key = 'memory'\n"
    result = report_of(code + mark)
    assert result["TestIt"]["failed"] == ["test_the_kit_is_whole"]
    assert "test_deep_paths was marked skip" in result["output"]


def test_another_pattern_of_test_names_is_noticed(report_of):
    code = "from openhcs_host.testing import StorageKit\nclass TestIt(StorageKit):\n    key = 'memory'\n"
    result = report_of(code, "-o", "python_functions=test_the_* test_deep_*")
    assert result["TestIt"]["failed"] == ["test_the_kit_is_whole"]
    assert "configured not to collect" in result["output"]


def test_without_pytest_the_import_says_what_to_install():
    code = "import sys; sys.modules['pytest'] = None; import openhcs_host.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (
        "ImportError: openhcs_host.testing needs pytest; install it: pip install 'pytest>=8.4'" in done.stderr
    )


def test_the_host_itself_never_imports_the_kits():
    code = (
        "import sys, openhcs_host, openhcs_host.plates, openhcs_host.cli.root, openhcs_host.cli.plugins\n"
        "openhcs_host.Host().backend('memory')\n"
        "assert not {'pytest', 'openhcs_host.testing'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
