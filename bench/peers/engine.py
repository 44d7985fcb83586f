"""The form of a driver, and the client of the engines that are spoken to over HTTP."""

import dataclasses
import json
import time
import urllib.request

from harness import WORK, Failed, run

CARGO_TARGET = WORK / "cargo"
LOAD = CARGO_TARGET / "release" / "load"
FLAKY = CARGO_TARGET / "release" / "flaky"
SERVICE = CARGO_TARGET / "release" / "service"

# How long one execution may take before it counts as an error, in seconds.
PATIENCE = 100
# How long a measure may take beyond the time for which executions are started, in seconds.
DRAIN = 120
# Asked of every retry policy, in milliseconds.
BACKOFFS_MS = (1_000, 2_000)
# How long a sleeper sleeps, in seconds.
SLEEP = 86_400


@dataclasses.dataclass
class Load:
    """What one run of load came to."""

    seconds: float
    latencies_ms: list
    answers: list
    errors: list


class Engine:
    """One engine in one setting. A driver overrides everything that raises here."""

    # Stands in the table.
    name = ""
    settings = ""
    # What its documentation says about syncs; shown where they could not be counted.
    documented = ""
    # How long memory takes to settle after the last sleeper was started, in seconds.
    settles_after = 3

    def install(self):
        """Gets what is needed into the work directory; does nothing where it is there."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def start(self, directory):
        """Starts on an empty directory, and returns when it serves."""
        raise NotImplementedError

    def stop(self):
        """Stops whatever runs."""
        raise NotImplementedError

    def pids(self):
        """Returns the processes that are the engine: servers, workers and databases, not clients."""
        raise NotImplementedError

    def chain(self, length, concurrency, *, seconds=0, count=0):
        """Starts executions of `length` nodes and waits for them, `concurrency` at once; returns a `Load`."""
        raise NotImplementedError

    def retries(self, count):
        """Starts `count` executions at once whose node fails twice; returns pairs of times between attempts, in ms."""
        raise NotImplementedError

    def start_sleepers(self, count, seconds):
        """Starts sleepers until there are `count` or the time is over; returns a `Load` of starts."""
        raise NotImplementedError

    def sleepers(self):
        """Returns how many executions sleep."""
        raise NotImplementedError

    def kill_and_start(self):
        """Kills the engine with SIGKILL, starts it, and returns when an execution that is new has ended."""
        raise NotImplementedError


def build_programs():
    """Builds the load generator, the peer that fails twice, and the Restate service."""
    manifest = WORK.parent / "restate" / "Cargo.toml"
    build = ["cargo", "build", "--quiet", "--release", "--locked"]
    run([*build, "--manifest-path", manifest, "--target-dir", CARGO_TARGET], 900)


def post_load(url, body, concurrency, *, seconds=0, count=0, expect="", keep=False):
    """Posts `body` to `url` from `concurrency` clients."""
    order = {
        "url": url,
        "body": json.dumps(body),
        "concurrency": concurrency,
        "seconds": seconds,
        "count": count,
        "patience": PATIENCE,
        "expect": expect,
        "keep": keep,
    }
    report = json.loads(run([LOAD, json.dumps(order)], max(seconds, 30) + DRAIN))
    return Load(**report)


def http(method, url, body=None, *, seconds=10):
    """Sends one request and returns the JSON of the answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "accept": "application/json"}
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with _direct.open(request, timeout=seconds) as answer:
            text = answer.read()
    except OSError as error:
        said = error.read()[:300] if hasattr(error, "read") else ""
        raise Failed(f"{method} {url}: {error} {said}") from error
    return json.loads(text) if text else None


def answers(url):
    """Returns whether a GET of `url` succeeds."""
    try:
        with _direct.open(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def first_success(attempt, seconds):
    """Attempts again and again until `attempt` does not fail."""
    until = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except Failed:
            if time.monotonic() > until:
                raise
            time.sleep(0.002)


# Without the proxies that the environment may name: everything is on loopback.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
