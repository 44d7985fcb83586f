"""A PostgreSQL server with the settings of initdb, for engines that store there."""

import os
import pwd
import shutil
import socket
from pathlib import Path

from harness import Failed, Process, free_ports, run, wait_until


class Postgres:
    """A server with a directory of its own, which runs until it is stopped."""

    def __init__(self, directory):
        user = _unprivileged() if os.geteuid() == 0 else None
        data = directory / "pg"
        data.mkdir()
        as_user = {}
        if user:
            shutil.chown(data, user, user)
            as_user = {"user": user, "group": user, "extra_groups": []}
        initdb = [_find("initdb"), "--pgdata", data, "--username", "bench", "--auth", "trust"]
        run([*initdb, "--encoding", "UTF8", "--no-instructions"], 60, cwd=data, **as_user)
        (self._port,) = free_ports(1)
        command = [_find("postgres"), "-D", data, "-h", "127.0.0.1", "-p", self._port]
        # Nothing outside the work directory.
        command += ["-c", "unix_socket_directories="]
        self._process = Process(command, directory / "postgres.log", cwd=data, user=user)
        wait_until(lambda: _accepts(self._port), 30, "postgres", self._process)

    @property
    def pid(self):
        return self._process.pid

    def url(self, scheme, database):
        return f"{scheme}://bench@127.0.0.1:{self._port}/{database}"

    def stop(self):
        self._process.stop()


def check():
    """Raises unless a server can be started here."""
    if not _find("initdb"):
        raise Failed("there is no PostgreSQL on this machine")


def version():
    program = _find("postgres")
    return "PostgreSQL " + (run([program, "--version"], 10).split()[2] if program else "?")


def _find(program):
    found = shutil.which(program)
    if found:
        return found
    return next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))), None)


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
