"""An MCP server on standard input and output that behaves as a test wants it: by its argument, and by the tool that is called."""

import json
import os
import signal
import subprocess
import sys
import time

MODE = sys.argv[1] if len(sys.argv) > 1 else "plain"
# A process that outlives its parent, in a session of its own, which no signal but SIGKILL ends.
GRANDCHILD = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
time.sleep(600)
"""


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def say(text):
    sys.stderr.write(text)
    sys.stderr.flush()


def about():
    entries = open("/proc/self/environ", "rb").read().decode().split("\0")
    stat = open("/proc/self/stat").read().rsplit(") ", 1)[1].split(" ")
    return {
        "pid": os.getpid(),
        "arguments": sys.argv[1:],
        "environment": sorted(entry for entry in entries if entry),
        "directory": os.getcwd(),
        # That of the listing is gone when it is asked for.
        "descriptors": [int(fd) for fd in os.listdir("/proc/self/fd") if os.path.lexists("/proc/self/fd/" + fd)],
        "leads": [stat[2] == stat[3] == str(os.getpid())],
        "seen": SEEN,
    }


def fork():
    started = subprocess.Popen([sys.executable, "-c", GRANDCHILD], stdout=subprocess.PIPE)
    return [os.getpid(), started.pid, int(started.stdout.readline())]


def tools():
    names = ["about", "crash", "echo", "flood", "fork", "freeze", "garbage", "hang", "huge", "never", "spam", "ask"]
    description = "changed" if os.path.exists("changed") else "as it was"
    return [{"name": name, "description": description, "inputSchema": {"type": "object"}} for name in names]


def call(id, params):
    name, arguments = params["name"], params["arguments"]
    if name == "crash":
        say("first line\nTOKEN is " + os.environ.get("TOKEN", "") + "\n\x1b[1mgone\n")
        os._exit(7)
    elif name == "hang":
        say("it hangs\n")
        time.sleep(600)
    elif name == "never":
        return
    elif name == "freeze":
        # The supervisor does nothing any more.
        os.kill(os.getppid(), signal.SIGSTOP)
    elif name == "garbage":
        print("Listening on port 3000", flush=True)
        return
    elif name == "spam":
        while True:
            send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "x" * 1_000_000}})
    elif name == "ask":
        for number in range(arguments["times"]):
            send({"jsonrpc": "2.0", "id": number, "method": "sampling/createMessage", "params": {}})
    elif name == "flood":
        for _ in range(arguments["mib"]):
            say("x" * (1 << 20))
        say("\nthe end of the flood\n")
    values = {
        "about": about,
        "fork": fork,
        "freeze": os.getpid,
        "huge": lambda: "x" * arguments["bytes"],
        "echo": lambda: {"arguments": arguments, "meta": params.get("_meta")},
    }
    value = values[name]() if name in values else name
    send({"jsonrpc": "2.0", "id": id, "result": {"structuredContent": value, "content": []}})


SEEN = []


def answer(message):
    method, id = message.get("method"), message.get("id")
    if method in ("notifications/cancelled", "ping"):
        SEEN.append(method)
    if method == "server/discover":
        if MODE == "modern":
            return send({"jsonrpc": "2.0", "id": id, "result": {"supportedVersions": ["2026-07-28"]}})
        if MODE == "dies":
            os._exit(1)
        return send({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no such method"}})
    if method == "initialize":
        version = message["params"]["protocolVersion"]
        info = {"name": "test", "version": "1"}
        send({"jsonrpc": "2.0", "id": id, "result": {"protocolVersion": version, "capabilities": {}, "serverInfo": info}})
    elif method == "tools/list":
        send({"jsonrpc": "2.0", "id": id, "result": {"tools": tools()}})
    elif method == "tools/call":
        call(id, message["params"])
    elif id is not None and method is not None:
        send({"jsonrpc": "2.0", "id": id, "result": {}})


if MODE == "exit":
    say("there is no configuration\n")
    sys.exit(3)
if MODE == "noise":
    print("Welcome!", flush=True)
if MODE == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if MODE == "silent":
    time.sleep(600)
for text in sys.stdin:
    answer(json.loads(text))
if MODE == "stubborn":
    time.sleep(600)
