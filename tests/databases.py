"""Databases for the tests: a private PostgreSQL cluster, and a fresh migrated database for each test on either kind."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg

OLDEST_MAJOR = 15
ROOM_BYTES = 2 * 1024**3
MISSING = (
    "没有找到 PostgreSQL 15 或更新的版本，PostgreSQL 上的测试没有运行：apt-get install postgresql。"
    " PostgreSQL 15 or newer is missing, tests on it did not run: apt-get install postgresql."
)


def postgresql_binaries() -> Path | None:
    """The folder of the newest PostgreSQL server of version 15 or later, or ``None``."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = {int(path.parts[4]): path.parent for path in versions if path.parts[4].isdecimal()}
    newest = max(found, default=0)
    return found[newest] if newest >= OLDEST_MAJOR else None


def must_not_be_missing() -> bool:
    """On the build machine a missing program is a failure; on anyone's own machine its tests are skipped."""
    return os.environ.get("CI") == "true"


def quick_folder() -> Path:
    """Where databases of tests lie: in memory where there is room, because a test waits for the disk most of its time.

    What a crash of a process leaves is the same there; only a measurement of speed needs the disk.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES
    return memory if roomy else Path(tempfile.gettempdir())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cluster:
    """A PostgreSQL server of our own on a loopback port, with fsync on; it dies with the process that started it.

    PostgreSQL refuses to run as root, so root starts it as the user ``postgres``. Tests of crashes call ``stop`` and
    ``start`` on a cluster of their own, never on the one that other tests share. ``under`` is the folder its own folder
    is made in, for measurements on the disk; every user must be able to enter it.
    """

    def __init__(self, binaries: Path, under: Path | None = None) -> None:
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="gongzhi-postgresql-", dir=under or quick_folder()))
        self.data = self.folder / "data"
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.server: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._initialise()

    def _initialise(self) -> None:
        words = self.folder / "password"
        words.write_text(self.password)
        if self.user:
            for path in (self.folder, words):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self._run("initdb", "--username=gongzhi", "--auth=scram-sha-256", f"--pwfile={words}", "--encoding=UTF8",
                  "--locale=C", "--no-sync", "--no-instructions")  # fmt: skip

    def _as_owner(self, *command: str) -> list[str]:
        owner = [f"--reuid={self.user.pw_uid}", f"--regid={self.user.pw_gid}", "--clear-groups"] if self.user else []
        return ["setpriv", "--pdeathsig", "INT", *owner, *command]

    def _run(self, program: str, *arguments: str) -> None:
        command = self._as_owner(str(self.binaries / program), f"--pgdata={self.data}", *arguments)
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")

    def start(self, within_seconds: int = 30) -> None:
        """Starts the server and returns once it answers; raises ``RuntimeError`` with its log when it does not."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "on",
            "max_connections": 200,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = self._as_owner(str(self.binaries / "postgres"), "-D", str(self.data), *options)
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        give_up = time.monotonic() + within_seconds
        while not self.answers():
            if self.server.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError("PostgreSQL did not start: " + (self.folder / "server.log").read_text()[-2000:])
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the server takes connections now."""
        try:
            psycopg.connect(self.url("postgres", driver=""), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, mode: str = "fast") -> None:
        """Stops the server by its own data folder; ``immediate`` is a crash."""
        if self.server is not None and self.server.poll() is None:
            self._run("pg_ctl", "stop", f"--mode={mode}", "--wait")
        if self.server is not None:
            self.server.wait(timeout=60)
        self.server = None

    def remove(self) -> None:
        """Stops the server and deletes all it kept."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def url(self, database: str, driver: str = "+psycopg") -> str:
        """Where ``database`` is reached."""
        return f"postgresql{driver}://gongzhi:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template0") -> str:
        """The name of a new database, a copy of ``template``, which nobody may be connected to."""
        name = f"test_{next(self._numbers)}"
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        """Removes ``database``, throwing out whoever is still connected."""
        self._say(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _say(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres", driver=""), autocommit=True) as connection:
            connection.execute(statement)


class Spares:
    """Copies of one template, the next made on a second thread as soon as the last is given back.

    Dropping a database makes PostgreSQL write every other new one to disk, so no more than one waits at a time.
    """

    def __init__(self, cluster: Cluster, template: str) -> None:
        self.cluster = cluster
        self.template = template
        self.worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spare databases")
        self.next: Future[str] | None = None

    def _order(self) -> Future[str]:
        return self.worker.submit(self.cluster.create, self.template)

    def take(self) -> str:
        """The name of a fresh database, the caller's own until given back."""
        ordered, self.next = self.next or self._order(), None
        return ordered.result()

    def give_back(self, database: str) -> None:
        """Has ``database`` dropped and the next one made, while the caller goes on."""
        self.worker.submit(self.cluster.drop, database)
        self.next = self.next or self._order()

    def close(self) -> None:
        """Stops making copies; those made go with the cluster."""
        self.worker.shutdown(cancel_futures=True)
