"""Builds every distribution as a wheel, installs each alone, and runs its own tests there.

Each gets a bare environment with the wheel, the dependencies that the wheel declares (ours from the
wheels just built, others from the registry) and pytest with hypothesis. Its tests are copied out of the
checkout, so that nothing of the checkout can be imported by accident.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
TEST_TOOLS = ["pytest>=8.4,<10", "hypothesis>=6.100"]


def main(names: list[str]) -> int:
    """Check the named distributions, or all of them; return the exit status."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="openhcs-isolation-") as folder:
        wheels = Path(folder) / "wheels"
        projects = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
        built = {name_of(project): build(project, wheels) for project in projects}
        for project in projects:
            name = name_of(project)
            if (not names or name in names) and not check(project, name, built[name], wheels, Path(folder)):
                failed.append(name)
    print(f"isolation: {len(failed)} distributions failed {' '.join(failed)}", flush=True)
    return 1 if failed else 0


def name_of(project: Path) -> str:
    """Return the name of the distribution in a folder."""
    return str(tomllib.loads((project / "pyproject.toml").read_text())["project"]["name"])


def build(project: Path, wheels: Path) -> Path:
    """Build a wheel and return its path."""
    before = set(wheels.glob("*.whl"))
    run([TOOLS / "uv", "build", "--quiet", "--wheel", "--out-dir", wheels, project])
    (wheel,) = set(wheels.glob("*.whl")) - before
    return wheel


def check(project: Path, name: str, wheel: Path, wheels: Path, folder: Path) -> bool:
    """Install one wheel alone and run its tests; return whether they passed."""
    print(f"\n== {name} alone", flush=True)
    home = folder / name
    python = home / "venv" / "bin" / "python"
    run([TOOLS / "uv", "venv", "--quiet", "--python", sys.executable, home / "venv"])
    install = [TOOLS / "uv", "pip", "install", "--quiet", "--python", python, "--find-links", wheels]
    run([*install, wheel, *TEST_TOOLS])
    tests = project / "tests" if project != ROOT else ROOT / "tests" / "host"
    shutil.copytree(tests, home / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    (home / "pytest.ini").write_text(
        "[pytest]\naddopts = "
        + " ".join(options["addopts"])
        + "\nfilterwarnings = error\nxfail_strict = true\n"
    )
    plates = os.environ.get("OPENHCS_PLATES", str(ROOT.parent / "shared" / "data" / "plates"))
    environment = {
        **os.environ,
        "OPENHCS_PLATES": plates,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run([python.parent / "pytest", "-q", "tests"], cwd=home, env=environment)
    return done.returncode == 0


def run(command: list[str | Path]) -> None:
    """Run a command that must succeed."""
    subprocess.run([str(word) for word in command], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
