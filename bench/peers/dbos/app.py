"""The work as DBOS workflows, and the client that starts them: with DBOS both are one process.

Takes the URL of the system database and the id of this executor.
"""

import asyncio
import itertools
import sys
import threading
from pathlib import Path

from dbos import DBOS

# Last, since the folder of this file has the name of the library.
sys.path.append(str(Path(__file__).resolve().parent.parent))
from conversation import Attempts, Tally, serve  # noqa: E402

attempts = Attempts()
numbers = itertools.count()


@DBOS.step()
def echo(value):
    return value


@DBOS.step(retries_allowed=True, interval_seconds=1.0, backoff_rate=2.0, max_attempts=5)
def flaky(execution):
    return attempts.begin(execution)


@DBOS.workflow()
def chain(length):
    value = 42
    for _ in range(length):
        value = echo(value)
    return value


@DBOS.workflow()
def retry(execution):
    return flaky(execution)


@DBOS.workflow()
async def sleeper(seconds):
    await DBOS.sleep_async(seconds)


def load(function, argument, concurrency, seconds, count):
    """Calls `function` from `concurrency` threads."""
    tally = Tally(seconds, count)
    lock = threading.Lock()

    def client():
        while True:
            with lock:
                started, number = tally.next(), next(numbers)
            if started is None:
                return
            try:
                tally.finished(started, function(argument(number)))
            except Exception as error:
                tally.errors.append(repr(error)[:300])
                return

    threads = [threading.Thread(target=client) for _ in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally


def do_chain(length, concurrency, seconds, count):
    return load(chain, lambda _: length, concurrency, seconds, count).report()


def do_retries(count):
    return load(retry, str, count, 0, count).report(keep=True)


def do_sleepers(count, seconds, sleep):
    return asyncio.run_coroutine_threadsafe(start_sleepers(count, seconds, sleep), loop).result()


async def start_sleepers(count, seconds, sleep):
    tally = Tally(seconds, count)

    async def client():
        while (started := tally.next()) is not None:
            await DBOS.start_workflow_async(sleeper, sleep)
            tally.finished(started, None)

    await asyncio.gather(*(client() for _ in range(64)))
    return tally.report()


def do_count():
    # After a crash they are queued before they are carried on.
    status = ["PENDING", "ENQUEUED"]
    listed = DBOS.list_workflows(name="sleeper", status=status, load_input=False, load_output=False)
    return {"sleepers": len(listed)}


url, executor = sys.argv[1:]
DBOS(
    config={
        "name": "bench",
        "system_database_url": url,
        "application_version": "1",
        "executor_id": executor,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
    }
)
DBOS.launch()
# Sleepers live in a loop of their own, which goes on after those who started them are done.
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
serve({"chain": do_chain, "retries": do_retries, "sleepers": do_sleepers, "count": do_count})
