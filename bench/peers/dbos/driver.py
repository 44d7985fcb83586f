"""DBOS on SQLite and on PostgreSQL."""

import os
import pwd
import shutil
import socket
from pathlib import Path

import engine
from harness import HERE, WORK, Failed, Process, free_ports, run, wait_until
from install import install_python, python_versions

VERSION = "3.4.0"
_PYTHON = WORK / "dbos" / "bin" / "python"


class Dbos(engine.Engine):
    name = "dbos sqlite"
    settings = "as it comes: SQLite in rollback mode, one process, a thread for each execution"
    documented = "SQLite's defaults: synchronous=FULL syncs each commit"
    processes = 1

    def install(self):
        install_python("dbos", [f"dbos=={VERSION}"])

    def version(self):
        return python_versions("dbos", "dbos")

    def start(self, directory):
        self._directory = directory
        self._url = self._database()
        self._apps = []
        self._launch()

    def _database(self):
        return f"sqlite:///{self._directory / 'dbos.sqlite'}"

    def _launch(self):
        command = [_PYTHON, HERE / "dbos" / "app.py", self._url]
        self._apps = []
        for number in range(self.processes):
            log = self._directory / f"app-{number}.log"
            self._apps.append(Process([*command, f"executor-{number}"], log, cwd=self._directory, talks=True))
            if number == 0 and self.processes > 1:
                # The first makes the tables.
                self._apps[0].ask(_ONE, 60)

    def stop(self):
        for app in getattr(self, "_apps", []):
            app.kill()

    def pids(self):
        return [app.pid for app in self._apps]

    def chain(self, length, concurrency, *, seconds=0, count=0):
        work = {"do": "chain", "length": length, "seconds": seconds}
        return self._all(work, {"concurrency": concurrency, "count": count}, seconds + engine.DRAIN)

    def retries(self, count):
        load = self._all({"do": "retries"}, {"count": count}, 60)
        if load.errors:
            raise Failed(load.errors[0])
        return load.answers

    def start_sleepers(self, count, seconds):
        work = {"do": "sleepers", "seconds": seconds, "sleep": engine.SLEEP}
        return self._all(work, {"count": count}, seconds + engine.DRAIN)

    def sleepers(self):
        return self._apps[0].ask({"do": "count"}, 120)["sleepers"]

    def kill_and_start(self):
        for app in self._apps:
            app.kill()
        self._launch()
        load = engine.Load(**self._apps[0].ask(_ONE, 300))
        if load.errors:
            raise Failed(load.errors[0])

    def _all(self, work, shared, seconds):
        """Has each process do its part of the work, at the same time."""
        parts = min(len(self._apps), *(value for value in shared.values() if value))
        for number, app in enumerate(self._apps[:parts]):
            own = {key: value // parts + (number < value % parts) for key, value in shared.items()}
            app.send({**work, **own})
        loads = [engine.Load(**app.answer(seconds)) for app in self._apps[:parts]]
        return engine.Load(
            seconds=max(load.seconds for load in loads),
            latencies_ms=[value for load in loads for value in load.latencies_ms],
            answers=[value for load in loads for value in load.answers],
            errors=[value for load in loads for value in load.errors],
        )


class DbosPostgres(Dbos):
    """Two processes of the application, since one is bound by one core."""

    name = "dbos postgres"
    documented = "PostgreSQL's defaults: fsync and synchronous_commit on"
    processes = 2

    @property
    def settings(self):
        return f"{_postgres_version()} as it comes; {self.processes} processes, a thread for each execution"

    def install(self):
        super().install()
        if not _find_postgres("initdb"):
            raise Failed("there is no PostgreSQL on this machine")

    def _database(self):
        user = _unprivileged() if os.geteuid() == 0 else None
        data = self._directory / "pg"
        data.mkdir()
        as_user = {}
        if user:
            shutil.chown(data, user, user)
            as_user = {"user": user, "group": user, "extra_groups": []}
        initdb = [_find_postgres("initdb"), "--pgdata", data, "--username", "bench", "--auth", "trust"]
        run([*initdb, "--encoding", "UTF8", "--no-instructions"], 60, cwd=data, **as_user)
        (port,) = free_ports(1)
        command = [_find_postgres("postgres"), "-D", data, "-h", "127.0.0.1", "-p", port]
        # Nothing outside the work directory.
        command += ["-c", "unix_socket_directories="]
        self._postgres = Process(command, self._directory / "postgres.log", cwd=data, user=user)
        wait_until(lambda: _accepts(port), 30, "postgres", self._postgres)
        return f"postgresql://bench@127.0.0.1:{port}/dbos"

    def stop(self):
        super().stop()
        if hasattr(self, "_postgres"):
            self._postgres.stop()

    def pids(self):
        return [*super().pids(), self._postgres.pid]


def _find_postgres(program):
    found = shutil.which(program)
    if found:
        return found
    return next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))), None)


def _postgres_version():
    program = _find_postgres("postgres")
    return "PostgreSQL " + (run([program, "--version"], 10).split()[2] if program else "?")


def _unprivileged():
    """Returns a user who may run PostgreSQL, which refuses root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def _accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


_ONE = {"do": "chain", "length": 1, "concurrency": 1, "seconds": 0, "count": 1}
