"""The work as Temporal workflows, and the client that starts them: two processes.

`app.py worker ADDRESS (tuned|stock)` carries them out, `app.py client ADDRESS` starts them.
"""

import asyncio
import itertools
import sys
import threading
from datetime import timedelta
from pathlib import Path

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

sys.path.append(str(Path(__file__).resolve().parent.parent))
from conversation import Attempts, Tally, serve  # noqa: E402

QUEUE = "bench"
TIMEOUT = timedelta(seconds=60)
# How long one execution may take before it counts as an error, in seconds.
PATIENCE = 100
POLICY = RetryPolicy(initial_interval=timedelta(seconds=1), backoff_coefficient=2.0, maximum_attempts=5)
TUNING = {
    "max_concurrent_workflow_task_polls": 10,
    "max_concurrent_activity_task_polls": 10,
    "max_concurrent_activities": 1_000,
    "max_concurrent_workflow_tasks": 1_000,
}

attempts = Attempts()


@activity.defn
async def echo(value: int) -> int:
    return value


@activity.defn
async def flaky(execution: str) -> list[float]:
    return attempts.begin(execution)


@workflow.defn
class Chain:
    @workflow.run
    async def run(self, length: int) -> int:
        value = 42
        for _ in range(length):
            value = await workflow.execute_activity(echo, value, start_to_close_timeout=TIMEOUT)
        return value


@workflow.defn
class Retry:
    @workflow.run
    async def run(self, execution: str) -> list[float]:
        return await workflow.execute_activity(
            flaky, execution, start_to_close_timeout=TIMEOUT, retry_policy=POLICY
        )


@workflow.defn
class Sleeper:
    @workflow.run
    async def run(self, seconds: int) -> None:
        await asyncio.sleep(seconds)


async def work(address, tuned):
    client = await Client.connect(address)
    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Chain, Retry, Sleeper],
        activities=[echo, flaky],
        workflow_runner=UnsandboxedWorkflowRunner(),
        **(TUNING if tuned else {}),
    )
    await worker.run()


class Starter:
    """Starts workflows, from a loop in a thread of its own."""

    def __init__(self, address):
        self._numbers = itertools.count()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._client = self._wait(Client.connect(address))

    def _wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def chain(self, length, concurrency, seconds, count):
        return self._wait(self._load(Chain.run, lambda _: length, concurrency, seconds, count)).report()

    def retries(self, count):
        return self._wait(self._load(Retry.run, str, count, 0, count)).report(keep=True)

    def sleepers(self, count, seconds, sleep):
        return self._wait(self._load(Sleeper.run, lambda _: sleep, 64, seconds, count, waits=False)).report()

    def count(self):
        query = "WorkflowType = 'Sleeper' AND ExecutionStatus = 'Running'"
        return {"sleepers": self._wait(self._client.count_workflows(query)).count}

    async def _load(self, function, argument, concurrency, seconds, count, waits=True):
        tally = Tally(seconds, count)
        start = self._client.execute_workflow if waits else self._client.start_workflow

        async def client():
            while (started := tally.next()) is not None:
                number = next(self._numbers)
                name = f"{function.__qualname__}-{number}"
                try:
                    call = start(function, argument(number), id=name, task_queue=QUEUE)
                    answer = await asyncio.wait_for(call, PATIENCE)
                    tally.finished(started, answer if waits else None)
                except Exception as error:
                    tally.errors.append(repr(error)[:300])
                    return

        await asyncio.gather(*(client() for _ in range(concurrency)))
        return tally


if __name__ == "__main__":
    role, address = sys.argv[1:3]
    if role == "worker":
        asyncio.run(work(address, sys.argv[3] == "tuned"))
    else:
        starter = Starter(address)
        names = ("chain", "retries", "sleepers", "count")
        serve({name: getattr(starter, name) for name in names})
