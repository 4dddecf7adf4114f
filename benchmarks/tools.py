"""Programs that benchmarks use and the project doesn't: installed from PyPI when they are first needed."""

import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).parent.parent / ".karla-bench"


def tool(package: str, program: str) -> Path:
    """A program of a package, in an environment of its own."""
    folder = CACHE / package
    found = folder / "bin" / program
    if not found.exists():
        print(f"  installing {package} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, package], check=True, stderr=subprocess.DEVNULL)
    return found
