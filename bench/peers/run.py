"""Measures Steadflow and its peers with the same work on this machine, and prints one table.

`python3 bench/peers/run.py --help` lists the settings; README.md says what is measured and how.
"""

import argparse
import fcntl
import json
import shutil
import signal
import sys
import time
from pathlib import Path

import engine
import harness
from dbos.driver import Dbos, DbosPostgres
from figures import BASE, Figures
from harness import Failed, percentile
from restate.driver import Restate, RestateTuned
from steadflow.driver import Steadflow, SteadflowPostgres, own_bench
from temporal.driver import Temporal, TemporalTuned

ENGINES = [Steadflow, SteadflowPostgres, Restate, RestateTuned, Dbos, DbosPostgres, Temporal, TemporalTuned]
LENGTH = 10
RETRIES = 200
# Time limit for starting sleepers, in seconds.
SLEEPERS_START_MAX = 150
# Sequential chains during which syncs are counted.
SYNC_CHAINS = 5


class Stopped(BaseException):
    """A signal to stop was received, or the time limit is reached."""


def main():
    options = _options()
    if not _is_alone():
        _note("Another benchmark is running; two at the same time would distort both.")
        return 1
    figures = Figures()
    for name in ("SIGINT", "SIGTERM", "SIGALRM"):
        signal.signal(getattr(signal, name), _stop)
    signal.alarm(round(options.minutes * 60))
    code = 0
    try:
        engine.build_programs()
        for driver in _chosen(options):
            _measure(driver(), options, figures)
    except Stopped as stopped:
        _note(f"stopped: {stopped}")
        code = 130
    finally:
        signal.alarm(0)
        harness.kill_all()
        shutil.rmtree(harness.WORK / "data", ignore_errors=True)
    Path(options.json).write_text(json.dumps(figures.json(), indent=2) + "\n")
    print(figures.text())
    return code or (1 if any(fail["engine"] == BASE for fail in figures.failures) else 0)


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short run of everything, for a trial only")
    parser.add_argument("--only", default="", help="prefixes of names of engines, separated by commas")
    parser.add_argument("--runs", type=int, default=3, help="number of repetitions")
    parser.add_argument("--seconds", type=float, default=5, help="how long each measurement starts executions")
    parser.add_argument("--concurrency", default="1,64,512", help="numbers of concurrent executions, each measured separately")
    parser.add_argument("--sleepers", type=int, default=10_000, help="number of sleeping executions")
    parser.add_argument("--minutes", type=float, default=90, help="time limit of the whole run")
    parser.add_argument("--json", default=str(harness.WORK / "results.json"), help="file for the results")
    options = parser.parse_args()
    options.concurrency = [int(part) for part in options.concurrency.split(",")]
    if options.quick:
        options.runs, options.seconds, options.sleepers = 1, 2, 500
    return options


def _is_alone():
    """Takes the lock of the work directory; it is held until this process ends."""
    global _lock
    harness.WORK.mkdir(exist_ok=True)
    _lock = open(harness.WORK / "lock", "w")
    try:
        fcntl.flock(_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _chosen(options):
    wanted = [part.strip() for part in options.only.split(",")]
    chosen = [driver for driver in ENGINES if any(driver.name.startswith(part) for part in wanted)]
    if not chosen:
        sys.exit(f"--only matches none of: {', '.join(driver.name for driver in ENGINES)}")
    return chosen


def _stop(number, _frame):
    # Ignore further signals during cleanup.
    for name in ("SIGINT", "SIGTERM", "SIGALRM"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise Stopped(signal.Signals(number).name)


def _measure(peer, options, figures):
    """Measures one engine. After a failure, restarts the engine and continues with the next measurement."""
    _note(f"{peer.name}: installing …")
    try:
        peer.install()
        disk = harness.syncs_per_second(harness.new_dir("disk"))
        facts = {"version": peer.version(), "settings": peer.settings, "syncs": peer.documented, "disk": f"{disk:,.0f}"}
        figures.engines[peer.name] = facts
    except Failed as error:
        figures.fail(peer.name, "installation", error)
        return
    for what in (_syncs, _chains, _latency, _retries, _sleepers):
        name = what.__name__.strip("_")
        _note(f"{peer.name}: {name} …")
        directory = harness.new_dir(peer.name.replace(" ", "-"))
        try:
            peer.start(directory)
            # Connections, caches and code are warm before anything is counted.
            _checked(peer.chain(LENGTH, 1, count=5))
            what(peer, options, figures)
        except Failed as error:
            _note(f"{peer.name}: {name} failed: {error}")
            figures.fail(peer.name, name, error)
        finally:
            peer.stop()
            shutil.rmtree(directory, ignore_errors=True)
    if type(peer) is Steadflow:
        _own_bench(options, figures)


def _syncs(peer, _options, figures):
    directory = harness.new_dir("syncs")
    work = lambda: _checked(peer.chain(LENGTH, 1, count=SYNC_CHAINS))
    syncs = harness.count_syncs(peer.pids(), work, directory)
    if syncs is None:
        return
    each = syncs / (LENGTH * SYNC_CHAINS)
    figures.engines[peer.name]["syncs"] = f"{each:.1f}, counted; {peer.documented}"


def _chains(peer, options, figures):
    for concurrency in options.concurrency:
        name = f"chain of {LENGTH}, {concurrency} concurrent"
        for _ in range(options.runs):
            load = peer.chain(LENGTH, concurrency, seconds=options.seconds)
            if load.errors:
                # A throughput without the failed executions would be wrong: their time was spent waiting.
                ended = f"{len(load.latencies_ms)} ended within {load.seconds:.0f} s, {len(load.errors)} did not"
                figures.fail(peer.name, name, f"{ended}, for example: {load.errors[0]}")
                break
            rate = LENGTH * len(load.latencies_ms) / load.seconds
            figures.add(name, peer.name, "nodes/s", [rate], more_is_better=True)
            _add_percentiles(figures, f"{name}: whole chain", peer, load.latencies_ms, is_detail=True)


def _latency(peer, options, figures):
    for _ in range(options.runs):
        load = _checked(peer.chain(1, 1, seconds=options.seconds))
        _add_percentiles(figures, "one node, sequential", peer, load.latencies_ms)


def _retries(peer, options, figures):
    for _ in range(options.runs):
        gaps = peer.retries(RETRIES)
        if len(gaps) != RETRIES or any(len(pair) != 2 for pair in gaps):
            raise Failed(f"not all {RETRIES} executions had three attempts")
        late = [gap - backoff for pair in gaps for gap, backoff in zip(pair, engine.BACKOFFS_MS)]
        _add_percentiles(figures, f"delay of retries, {RETRIES} concurrent", peer, late)


def _sleepers(peer, options, figures):
    before = harness.memory_bytes(peer.pids())
    load = _checked(peer.start_sleepers(options.sleepers, SLEEPERS_START_MAX))
    count = len(load.latencies_ms)
    name = f"{options.sleepers:,} sleepers"
    if count < options.sleepers:
        figures.fail(peer.name, "sleepers", f"only {count} were started within {SLEEPERS_START_MAX} s")
    figures.add(f"{name}: started", peer.name, "per s", [count / load.seconds], more_is_better=True)
    time.sleep(3 if options.quick else peer.settles_after)
    grown = harness.memory_bytes(peer.pids()) - before
    figures.add(f"{name}: memory each", peer.name, "bytes", [grown / count])
    for _ in range(options.runs):
        began = time.monotonic()
        peer.kill_and_start()
        took = (time.monotonic() - began) * 1_000
        figures.add(f"{name}: kill -9 to end of a new execution", peer.name, "ms", [took])
    left = peer.sleepers()
    if left != count:
        figures.fail(peer.name, "sleepers", f"{count} were started, but {left} exist after kill -9")


def _own_bench(options, figures):
    """Adds the results of `steadflow bench`, for comparison with the load generator used here."""
    name = "steadflow bench"
    _note(f"{name} …")
    try:
        runs = own_bench(options)
    except Failed as error:
        figures.fail(name, "all", error)
        return
    for concurrency in options.concurrency:
        ours, own = f"chain of {LENGTH}, {concurrency} concurrent", f"chain of 10 echo, {concurrency} concurrent"
        figures.add(ours, name, "nodes/s", runs[own], more_is_better=True)
    for share in ("p50", "p99"):
        figures.add(f"one node, sequential: {share}", name, "ms", runs[f"1-node flow, sequential: {share}"])
        late = f"delay of retries, {RETRIES} concurrent: {share}"
        figures.add(late, name, "ms", runs[late])
    memory = runs[f"{options.sleepers} sleepers: memory each"]
    figures.add(f"{options.sleepers:,} sleepers: memory each", name, "bytes", memory)


def _checked(load):
    if load.errors:
        raise Failed(f"{len(load.errors)} executions failed, for example: {load.errors[0]}")
    if not load.latencies_ms:
        raise Failed("no execution ended")
    return load


def _add_percentiles(figures, name, peer, values_ms, **how):
    for share in (0.5, 0.99):
        figures.add(f"{name}: p{round(share * 100)}", peer.name, "ms", [percentile(values_ms, share)], **how)


def _note(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
