"""Steadflow with the settings it has when nobody sets any, driven by the load generator that drives Restate."""

import json
import shutil

import engine
import postgres
from engine import http, post_load
from harness import ROOT, STEADFLOW, WORK, Failed, Process, free_ports, new_dir, run, wait_until


class Steadflow(engine.Engine):
    name = "steadflow"
    settings = "as it comes; SQLite in the same process"
    documented = "syncs each commit; commits of many executions share one sync"

    def install(self):
        built = ROOT / "target" / "release" / "steadflow"
        if not built.exists():
            raise Failed("there is no release binary: run `make build` first")
        # A copy, so that a build meanwhile changes nothing.
        STEADFLOW.parent.mkdir(exist_ok=True)
        STEADFLOW.unlink(missing_ok=True)
        shutil.copy2(built, STEADFLOW)

    def version(self):
        return run([STEADFLOW, "--version"], 10).split()[-1]

    def start(self, directory):
        self._directory = directory
        self._port, self._flaky_port = free_ports(2)
        self._api = f"http://127.0.0.1:{self._port}/api/v1/studio"
        self._serve()
        self._flows = {}
        self._flaky = Process([engine.FLAKY, f"127.0.0.1:{self._flaky_port}"], directory / "flaky.log")

    def _serve(self):
        command = [STEADFLOW, "--log", "warn", "serve", "--listen", f"127.0.0.1:{self._port}"]
        command += ["--egress-allow", "127.0.0.1", "--database", self._database()]
        # The directory is its own, so that no file of settings is near.
        self._server = Process(command, self._directory / "server.log", cwd=self._directory)
        ready = f"http://127.0.0.1:{self._port}/readyz"
        wait_until(lambda: engine.answers(ready), 20, "steadflow", self._server)

    def _database(self):
        return f"sqlite:{self._directory / 'bench.db'}"

    def stop(self):
        for process in ("_server", "_flaky"):
            if hasattr(self, process):
                getattr(self, process).stop()

    def pids(self):
        return [self._server.pid]

    def chain(self, length, concurrency, *, seconds=0, count=0):
        return self._execute(_chain(length), concurrency, seconds=seconds, count=count)

    def retries(self, count):
        url = f"http://127.0.0.1:{self._flaky_port}/${{execution.id}}"
        node = {"id": "call", "type": "action", "action": "http_request", "input": {"url": url}}
        flow = _flow("retries", [node], retry_on_failure=True, retry_count=2)
        load = self._execute(flow, count, count=count, keep=True)
        if load.errors:
            raise Failed(load.errors[0])
        return [_find(json.loads(answer), "gaps_ms") for answer in load.answers]

    def start_sleepers(self, count, seconds):
        url = self._url(_SLEEPER)
        return post_load(url, {}, 64, seconds=seconds, count=count)

    def sleepers(self):
        flow = http("GET", f"{self._api}/flows/{self._flows[_SLEEPER['name']]}")
        return flow["execution_counts"]["unfinished"]

    def kill_and_start(self):
        url = self._url(_chain(1)) + "?wait=60"
        self._server.kill()
        self._serve()
        engine.first_success(lambda: http("POST", url, _TRIGGER), 60)

    def _execute(self, flow, concurrency, **options):
        url = self._url(flow) + "?wait=60"
        return post_load(url, _TRIGGER, concurrency, expect='"status":"completed"', **options)

    def _url(self, flow):
        if flow["name"] not in self._flows:
            self._flows[flow["name"]] = http("POST", f"{self._api}/flows", flow)["id"]
        return f"{self._api}/flows/{self._flows[flow['name']]}/execute"


class SteadflowPostgres(Steadflow):
    name = "steadflow postgres"
    documented = "PostgreSQL's defaults: fsync and synchronous_commit on"

    @property
    def settings(self):
        return f"{postgres.version()} as it comes; one process"

    def install(self):
        super().install()
        postgres.check()

    def start(self, directory):
        self._postgres = postgres.Postgres(directory)
        super().start(directory)

    def _database(self):
        return self._postgres.url("postgres", "postgres")

    def stop(self):
        super().stop()
        if hasattr(self, "_postgres"):
            self._postgres.stop()

    def pids(self):
        return [*super().pids(), self._postgres.pid]


def own_bench(options):
    """Runs `steadflow bench` and returns its figures: name to the list of its runs."""
    directory = new_dir("steadflow-bench")
    command = [STEADFLOW, "bench", "--only", "chain,latency,retries,sleepers", "--dir", directory, "--json"]
    command += ["--concurrency", ",".join(map(str, options.concurrency)), "--seconds", str(options.seconds)]
    command += ["--runs", str(options.runs), "--sleepers", str(options.sleepers)]
    out = run(command, 120 + 10 * options.runs * (options.seconds + 10), cwd=WORK)
    return {figure["measure"]: figure["runs"] for figure in json.loads(out)["figures"]}


def _chain(length):
    node = {"type": "action", "action": "echo", "input": {"value": "${trigger_data.value}"}}
    nodes = [{"id": f"n{at}", **node} for at in range(length)]
    edges = [{"from": f"n{at}", "to": f"n{at + 1}"} for at in range(length - 1)]
    return _flow(f"chain of {length}", nodes, edges)


def _flow(name, nodes, edges=(), **rest):
    return {"name": name, "flow_definition": {"nodes": nodes, "edges": list(edges)}, **rest}


def _find(value, key):
    """Returns what stands under `key`, however deep."""
    if isinstance(value, dict):
        if value.get(key):
            return value[key]
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, (_find(part, key) for part in value)), None)
    return None


_TRIGGER = {"trigger_data": {"value": 42}}
_SLEEPER = _flow("sleeper", [{"id": "wait", "type": "delay", "delay_seconds": engine.SLEEP}])
