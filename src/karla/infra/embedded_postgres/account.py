"""The system account under which PostgreSQL's programs run, and what that account can reach."""

import os
import pwd
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from karla.infra.embedded_postgres.errors import WAY_OUT, PostgresUnavailable

# Nothing of the caller's: PGPORT or PGDATA would misdirect the programs, and a locale that the
# system doesn't have makes initdb fail.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}

# In a slow container initdb takes half a minute; after this it hangs.
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Account:
    """A system account: ourselves, or, since PostgreSQL refuses to run as root, an unprivileged one."""

    name: str
    uid: int
    gid: int

    @classmethod
    def for_new_cluster(cls) -> "Account":
        """Ourselves, or for root `postgres` and else `nobody`."""
        if os.geteuid() != 0:
            return cls._of(os.geteuid())
        for name in ("postgres", "nobody"):
            try:
                return cls._from(pwd.getpwnam(name))
            except KeyError:
                continue
        message = "PostgreSQL doesn't run as root, and there is no account `postgres` or `nobody` to run it."
        raise PostgresUnavailable(f"{message} {WAY_OUT}")

    @classmethod
    def owning(cls, cluster: Path) -> "Account":
        """The owner of a cluster; PostgreSQL serves a cluster only to its owner."""
        owner = cluster.stat().st_uid
        if owner == 0:
            message = f"{cluster} belongs to root, under whom PostgreSQL doesn't run."
            raise PostgresUnavailable(f"{message} Give it back: chown -R postgres {cluster}")
        if os.geteuid() not in {0, owner}:
            message = f"{cluster} belongs to the user id {owner}, you are {os.geteuid()}."
            raise PostgresUnavailable(f"{message} Start Karla as that user, or with another data directory.")
        return cls._of(owner)

    @classmethod
    def _of(cls, uid: int) -> "Account":
        try:
            return cls._from(pwd.getpwuid(uid))
        except KeyError:
            # Containers run under arbitrary ids, but initdb insists on an account.
            message = f"The user id {uid} has no account (no line in /etc/passwd), which PostgreSQL needs."
            raise PostgresUnavailable(f"{message} Add one, or run as another user. {WAY_OUT}") from None

    @classmethod
    def _from(cls, entry: pwd.struct_passwd) -> "Account":
        gid = os.getegid() if entry.pw_uid == os.geteuid() else entry.pw_gid
        return cls(name=entry.pw_name, uid=entry.pw_uid, gid=gid)

    @property
    def _switches(self) -> bool:
        return self.uid != os.geteuid()

    def run(self, program: Sequence[str | Path], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program to its end; a program that fails is the caller's to notice."""
        try:
            with subprocess.Popen(  # noqa: S603  (our own argument lists, no shell)
                program,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd="/",  # ours may be unreadable to that account
                env=ENVIRONMENT,
                start_new_session=True,
                user=self.uid if self._switches else None,
                group=self.gid if self._switches else None,
                extra_groups=[] if self._switches else None,
            ) as process:
                try:
                    output, errors = process.communicate(stdin, PATIENCE_SECONDS)
                except BaseException:
                    with suppress(ProcessLookupError):  # it has just ended
                        os.killpg(process.pid, signal.SIGKILL)  # with the programs that initdb has started
                    raise
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._cannot_run(program, error) from error
        return subprocess.CompletedProcess(program, process.returncode, output, errors)

    def spawn(self, program: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own, so that Ctrl-C on the terminal doesn't reach it."""
        try:
            with log.open("ab") as output:
                return subprocess.Popen(  # noqa: S603  (our own argument lists, no shell)
                    program,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env=ENVIRONMENT,
                    start_new_session=True,
                    user=self.uid if self._switches else None,
                    group=self.gid if self._switches else None,
                    extra_groups=[] if self._switches else None,
                )
        except OSError as error:
            raise self._cannot_run(program, error) from error

    def _cannot_run(self, program: Sequence[str | Path], error: Exception) -> PostgresUnavailable:
        return PostgresUnavailable(f"Can't run {program[0]} as the account {self.name}: {error}. {WAY_OUT}")

    def can_reach(self, folder: Path) -> bool:
        """Tried, not computed from mode bits: access lists and network mounts have a say too."""
        if not self._switches:
            return os.access(folder, os.X_OK)
        return self.run(["/bin/sh", "-c", 'cd "$1"', "sh", folder]).returncode == 0

    def can_run(self, program: Path) -> bool:
        """Whether the program and the libraries that it loads are readable to the account."""
        try:
            return self.run([program, "--version"]).returncode == 0
        except PostgresUnavailable:
            return False

    def give(self, path: Path) -> None:
        """Make the account the owner; a link is not followed."""
        if self._switches:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def make_private_folder(self, path: Path) -> Path:
        """A folder that only the account (and root) can enter."""
        if path.is_symlink():
            path.unlink()
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        self.give(path)
        return path
