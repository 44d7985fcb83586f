"""DBOS on SQLite and on PostgreSQL."""

import engine
import postgres
from harness import HERE, WORK, Failed, Process
from install import install_python, python_versions
from postgres import Postgres

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
        return f"{postgres.version()} as it comes; {self.processes} processes, a thread for each execution"

    def install(self):
        super().install()
        postgres.check()

    def _database(self):
        self._postgres = Postgres(self._directory)
        return self._postgres.url("postgresql", "dbos")

    def stop(self):
        super().stop()
        if hasattr(self, "_postgres"):
            self._postgres.stop()

    def pids(self):
        return [*super().pids(), self._postgres.pid]


_ONE = {"do": "chain", "length": 1, "concurrency": 1, "seconds": 0, "count": 1}
