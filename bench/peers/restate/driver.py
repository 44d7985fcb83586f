"""Restate, a single server and our service, each with a log of its own."""

import json

import engine
from engine import http, post_load
from harness import WORK, Failed, Process, free_ports, run, wait_until

VERSION = "1.7.12"
_HOME = WORK / "restate"


class Restate(engine.Engine):
    name = "restate"
    settings = "as it comes: 24 partitions, one server, one service with the Rust SDK"
    documented = "rocksdb-disable-wal-fsync = false: syncs before an entry counts"
    # Sleepers are put aside after a minute of inactivity.
    settles_after = 75
    environment = {}

    def install(self):
        if not (_HOME / "node_modules").exists():
            package = f"@restatedev/restate-server@{VERSION}"
            run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", _HOME, package], 300)

    def version(self):
        return f"{run([_server_program(), '--version'], 10).split()[-1]}, SDK {_sdk_version()}"

    def start(self, directory):
        self._directory = directory
        ports = free_ports(4)
        self._ports = dict(zip(("node", "ingress", "admin", "service"), ports))
        self._service = Process(
            [engine.SERVICE, f"127.0.0.1:{self._ports['service']}"],
            directory / "service.log",
            env={"RUST_LOG": "warn"},
        )
        self._serve()
        deployment = {"uri": f"http://127.0.0.1:{self._ports['service']}"}
        register = lambda: http("POST", self._url("admin", "/deployments"), deployment, seconds=30)
        engine.first_success(register, 30)

    def _serve(self):
        address = lambda name: f"127.0.0.1:{self._ports[name]}"
        environment = {
            "RESTATE_BIND_ADDRESS": address("node"),
            "RESTATE_ADVERTISED_ADDRESS": f"http://{address('node')}",
            "RESTATE_INGRESS__BIND_ADDRESS": address("ingress"),
            "RESTATE_ADMIN__BIND_ADDRESS": address("admin"),
            "RESTATE_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "1",
            **self.environment,
        }
        command = [_server_program(), "--no-logo", "--listen-mode", "tcp", "--base-dir", self._directory / "data"]
        self._server = Process(command, self._directory / "server.log", env=environment)
        ready = lambda: engine.answers(self._url("admin", "/health")) and engine.answers(
            self._url("ingress", "/restate/health")
        )
        wait_until(ready, 60, "restate", self._server)

    def stop(self):
        # It takes long to end in order, and nothing of it is needed.
        for process in ("_server", "_service"):
            if hasattr(self, process):
                getattr(self, process).kill()

    def pids(self):
        return [self._server.pid, self._service.pid]

    def chain(self, length, concurrency, *, seconds=0, count=0):
        url = self._url("ingress", "/Bench/chain")
        return post_load(url, length, concurrency, seconds=seconds, count=count, expect="42")

    def retries(self, count):
        # `{id}` becomes a number of each request.
        url = self._url("ingress", "/Bench/retry")
        load = post_load(url, "{id}", count, count=count, keep=True)
        if load.errors:
            raise Failed(load.errors[0])
        return [json.loads(answer) for answer in load.answers]

    def start_sleepers(self, count, seconds):
        url = self._url("ingress", "/Bench/sleep/send")
        return post_load(url, engine.SLEEP, 64, seconds=seconds, count=count)

    def sleepers(self):
        query = "SELECT count(*) AS n FROM sys_invocation WHERE target_handler_name = 'sleep' AND status <> 'completed'"
        return http("POST", self._url("admin", "/query"), {"query": query}, seconds=60)["rows"][0]["n"]

    def kill_and_start(self):
        self._server.kill()
        self._serve()
        url = self._url("ingress", "/Bench/chain")
        engine.first_success(lambda: http("POST", url, 1, seconds=60), 60)

    def _url(self, name, path):
        return f"http://127.0.0.1:{self._ports[name]}{path}"


class RestateTuned(Restate):
    """With as many partitions as the machine has cores, which is faster on a small one."""

    name = "restate tuned"
    settings = "2 partitions, else as it comes"
    environment = {"RESTATE_DEFAULT_NUM_PARTITIONS": "2"}


def _server_program():
    found = sorted((_HOME / "node_modules" / "@restatedev").glob("restate-server-*/bin/restate-server"))
    if not found:
        raise Failed("npm has no Restate server for this machine")
    return found[0]


def _sdk_version():
    lines = (WORK.parent / "restate" / "Cargo.lock").read_text().splitlines()
    return lines[lines.index('name = "restate-sdk"') + 1].split('"')[1]
