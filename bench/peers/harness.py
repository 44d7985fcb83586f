"""What every driver needs: processes that surely end, waits that surely end, memory, and counts of syncs.

All that is started here is stopped here, by its own process id: when the program ends, when it is interrupted, and
(by the kernel) when it is killed.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = HERE / ".work"
STEADFLOW = WORK / "steadflow" / "steadflow"

_PR_SET_PDEATHSIG = 1
_started = []


class Failed(Exception):
    """A peer did not do what it was asked, or not in time."""


class Process:
    """A program that runs beside us, with its output in a log file."""

    def __init__(self, command, log, *, cwd=None, env=None, talks=False, user=None):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        pipe = subprocess.PIPE if talks else None
        with open(log, "ab") as out:
            self._child = subprocess.Popen(
                [str(part) for part in command],
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or out,
                stderr=out,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                # Ctrl-C reaches only us, who then stop everything in order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
                **({"user": user, "group": user, "extra_groups": []} if user else {}),
            )
        self._unread = b""
        _started.append(self)

    @property
    def pid(self):
        return self._child.pid

    def is_running(self):
        return self._child.poll() is None

    def ask(self, question, seconds):
        """Sends one line of JSON and returns the answer, which is one line, too."""
        self.send(question)
        return self.answer(seconds)

    def send(self, question):
        try:
            self._child.stdin.write(json.dumps(question).encode() + b"\n")
            self._child.stdin.flush()
        except OSError as error:
            raise Failed(f"{self.log.name} has ended: {self.last_words()}") from error

    def answer(self, seconds):
        """Returns the answer to the question that was sent longest ago."""
        answer = self._line(seconds)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def _line(self, seconds):
        until = time.monotonic() + seconds
        while b"\n" not in self._unread:
            left = until - time.monotonic()
            if left <= 0:
                raise Failed(f"no answer within {seconds:.0f} s")
            ready, _, _ = select.select([self._child.stdout], [], [], left)
            if not ready:
                continue
            read = os.read(self._child.stdout.fileno(), 1 << 16)
            if not read:
                raise Failed(f"{self.log.name} has ended: {self.last_words()}")
            self._unread += read
        line, self._unread = self._unread.split(b"\n", 1)
        return json.loads(line)

    def last_words(self):
        """Returns the end of the log."""
        return self.log.read_text(errors="replace")[-400:].strip()

    def stop(self, seconds=10):
        """Asks the program to end, and makes it end if it has not after `seconds`."""
        if self.is_running():
            self._child.terminate()
            try:
                self._child.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self):
        """Ends the program and what it started with SIGKILL."""
        if self in _started:
            _started.remove(self)
            try:
                # Its own session, thus its own group: nobody else's processes are in it.
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    pass


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def kill_all():
    """Ends everything that was started."""
    for process in reversed(_started[:]):
        process.kill()


def run(command, seconds, **options):
    """Runs a program to its end and returns what it printed."""
    command = [str(part) for part in command]
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=_die_with_parent,
        **options,
    )
    try:
        out, error = child.communicate(timeout=seconds)
    except BaseException as interrupted:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if isinstance(interrupted, subprocess.TimeoutExpired):
            raise Failed(f"{command[0]} took longer than {seconds:.0f} s") from interrupted
        raise
    if child.returncode != 0:
        raise Failed(f"{command[0]} failed: {(error or out).strip()[-600:]}")
    return out


def wait_until(is_true, seconds, what, process=None):
    """Asks again and again until the answer is yes; `process` must not end meanwhile."""
    until = time.monotonic() + seconds
    while not is_true():
        if process and not process.is_running():
            raise Failed(f"{what}: it ended: {process.last_words()}")
        if time.monotonic() > until:
            raise Failed(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.005)


def free_ports(count):
    """Returns ports of loopback on which nobody listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [open_socket.getsockname()[1] for open_socket in sockets]
    for open_socket in sockets:
        open_socket.close()
    return ports


def new_dir(name):
    """Returns an empty directory for the data of `name`."""
    path = WORK / "data" / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def family(pid):
    """Returns `pid` and all that descends from it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for task in Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += (task / "children").read_text().split()
    except OSError:
        return []
    return [pid] + [member for child in children for member in family(int(child))]


def memory_bytes(pids):
    """Returns the memory of the processes and their descendants; what several share counts once, for root at least."""
    total = 0
    for pid in {member for pid in pids for member in family(pid)}:
        try:
            total += _kilobytes(pid, "smaps_rollup", "Pss:")
        except PermissionError:
            # Steadflow lets only root read its memory map.
            total += _kilobytes(pid, "status", "VmRSS:")
        except OSError:
            continue
    return total * 1024


def _kilobytes(pid, file, key):
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(key))


def count_syncs(pids, work, directory):
    """Does `work` and returns how often the processes called fsync or fdatasync meanwhile; None without strace or root."""
    # Steadflow can be traced only by root.
    if not shutil.which("strace") or os.geteuid() != 0:
        return None
    out = directory / "syncs"
    everyone = [member for pid in pids for member in family(pid)]
    attach = [part for pid in everyone for part in ("-p", pid)]
    tracer = Process(
        ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", out, *attach],
        directory / "strace.log",
    )
    try:
        wait_until(lambda: all(map(_is_traced, everyone)), 10, "strace", tracer)
        work()
    finally:
        # strace lets go of what it traces when asked to end; killed at once, it might not.
        tracer.stop()
    # A call that was interrupted is one line as it begins, and a line of another form as it ends.
    calls = [line.split()[1] for line in out.read_text().splitlines() if " " in line]
    return sum(call.startswith(("fsync(", "fdatasync(")) for call in calls)


def _is_traced(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    return "TracerPid:\t0" not in status


def syncs_per_second(directory, seconds=1):
    """Returns how often a second the disk makes 4 KiB durable, one write at a time: slow while others write."""
    count, began = 0, time.monotonic()
    with open(directory / "yardstick", "wb", buffering=0) as file:
        while time.monotonic() - began < seconds:
            file.write(bytes(4_096))
            os.fdatasync(file.fileno())
            count += 1
    return count / (time.monotonic() - began)


def percentile(values, share):
    """Returns the value below which `share` of the values lie, as `steadflow bench` counts it."""
    ordered = sorted(values)
    return ordered[round((len(ordered) - 1) * share)]
