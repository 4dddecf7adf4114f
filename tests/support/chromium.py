"""The Chromium that the browser tests drive: found on this machine, or else Debian's, installed now."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

REQUIRED = "KARLA_BROWSER_TESTS"

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# The second is for the Node.js that playwright brings along: a small Debian lacks it.
_PACKAGES = ("chromium", "libatomic1")
_DRIVER = Path(str(files("playwright"))) / "driver" / "node"
# Where there is no network this has to be found out soon.
_APT = ("-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=15", "-o", "DPkg::Lock::Timeout=60")
_LONGEST_SECONDS = 300
_LOCK = Path(tempfile.gettempdir()) / f"karla-chromium-{os.geteuid()}.lock"
_RUN = "PYTEST_XDIST_TESTRUNUID"


class NoBrowser(Exception):
    """There is no Chromium that can be driven, and none can be installed; the message says why, and the way out."""


def required() -> bool:
    """Whether doing without a browser is an error."""
    return os.environ.get(REQUIRED) == "required"


@cache
def chromium() -> Path:
    """The program: one that is there, else Debian's, installed now; NoBrowser."""
    with _one_at_a_time() as failed_before:
        lacking = _lacking()
        if lacking and failed_before:
            raise NoBrowser(failed_before)
        if lacking:
            _install(lacking)
            lacking = _lacking()
        found = _found()
        if lacking or not found:
            raise NoBrowser(f"{lacking}, though {' and '.join(_PACKAGES)} were installed.")
        return found


def _found() -> Path | None:
    return next((Path(found) for found in map(shutil.which, _NAMES) if found), None)


def _lacking() -> str:
    """What there is not, in words; empty when a browser can be driven."""
    if _found() is None:
        return f"There is no {' or '.join(_NAMES)} in the PATH"
    driver = subprocess.run([_DRIVER, "--version"], capture_output=True, text=True, check=False)
    return f"Playwright's Node.js doesn't run ({_fault(driver.stderr)})" if driver.returncode else ""


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[str]:
    """Test processes begin together, and apt-get lets in only one.

    Gives why another process of the same test run failed at it: that is not tried, and waited for, by each again.
    """
    run = os.environ.get(_RUN, "")
    with _LOCK.open("a+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        whose, _, reason = lock.read().partition("\n")
        try:
            yield reason if run and whose == run else ""
        except NoBrowser as error:
            lock.truncate(0)
            lock.write(f"{run}\n{error}")
            raise


def _install(lacking: str) -> None:
    if hindrance := _hindrance():
        raise NoBrowser(f"{lacking}, and {hindrance}.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "-y", "--no-install-recommends", *_PACKAGES)):
        command = ["apt-get", *_APT, *words]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise NoBrowser(f"{lacking}, and apt-get {words[0]} took more than {_LONGEST_SECONDS} s.") from error
        # Lists that can't be brought up to date may still do.
        if done.returncode and words[0] == "install":
            raise NoBrowser(f"{lacking}, and apt-get can't install it: {_fault(done.stderr)}.")


def _hindrance() -> str:
    """Why nothing can be installed; empty when it can be tried."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get to install it: do it by hand"
    if os.geteuid() != 0:
        return f"only root may install it: `sudo apt-get install {' '.join(_PACKAGES)}`"
    return ""


def _fault(said: str) -> str:
    """The first error that a program told of, as those after it are its consequences."""
    lines = said.strip().splitlines() or ["it says nothing"]
    return next((line for line in lines if line.startswith("E: ")), lines[-1]).removeprefix("E: ").strip().rstrip(".")


def prepare() -> None:
    """Say what the browser tests lack, and install it where that can be done."""
    if (lacking := _lacking()) and not _hindrance():
        sys.stdout.write(f"{lacking}: installing Debian's for tests/browser, once, which takes a minute …\n")
        sys.stdout.flush()
    try:
        chromium()
    except NoBrowser as reason:
        sys.stdout.write(f"tests/browser will {'fail' if required() else 'be left out'}. {reason}\n")


if __name__ == "__main__":
    prepare()
