"""With everything installed, still nothing is imported that was not asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

PLUGINS = (
    "openhcs_backend_disk",
    "openhcs_backend_virtual",
    "openhcs_microscope_imagexpress",
    "openhcs_microscope_operaphenix",
    "openhcs_pipeline",
    "openhcs_demo",
    "openhcs_microscope_openhcs",
    "openhcs_convert",
    "openhcs_report",
    "openhcs_backend_zarr",
    "openhcs_functions_skimage",
    "openhcs_mem_torch",
    "openhcs_mem_jax",
    "openhcs_mem_tensorflow",
    "openhcs_mem_pyclesperanto",
    "openhcs_mem_cupy",
)


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('|'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split("|"))


def command(*arguments: str) -> str:
    return (
        f"sys.argv = ['openhcs', *{arguments!r}]\nfrom openhcs_host.cli.root import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )


@pytest.mark.parametrize(
    "arguments", [("--help",), ("plugins", "list"), ("plugins", "explain", "format", ".tif")]
)
def test_help_list_and_explain_import_no_plugin(arguments):
    loaded = modules_after(command(*arguments))
    assert not loaded & {*PLUGINS, "numpy", "tifffile", "skimage"}


def test_looking_at_a_folder_imports_no_array_library(tmp_path):
    loaded = modules_after(command("plate", "info", str(tmp_path)))
    assert "openhcs_microscope_imagexpress" in loaded
    assert not loaded & {"numpy", "tifffile", "openhcs_backend_disk", "openhcs_pipeline", "skimage"}


def test_a_csv_is_written_without_tifffile(tmp_path):
    loaded = modules_after(
        "from openhcs_host import FileManager, Host\n"
        f"FileManager(Host()).save('a,b\\n', {str(tmp_path / 'a.csv')!r}, 'disk')"
    )
    assert "openhcs_backend_disk" in loaded and not loaded & {"tifffile", "imagecodecs"}
