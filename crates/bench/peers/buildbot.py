#!/usr/bin/env python3
"""Runs COUNT trivial builds on a Buildbot master with one worker process, and prints figures as one line of JSON.

buildbot.py DIRECTORY COUNT SLOTS

DIRECTORY keeps the virtual environment for the next time; all else in it is made anew. The last line says
{"jobs_per_s", "first_log_ms", "server_rss_mb", "worker_rss_mb", "version"}. Both processes are ended before it returns.
"""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

PACKAGES = ["buildbot==4.3.0", "buildbot-worker==4.3.0", "buildbot-www==4.3.0"]
# Builds that measure the time to the first line of a log, one after the other.
SINGLE = 10
# No part may take longer, in seconds.
LIMIT = 300

MASTER = """
from buildbot.plugins import schedulers, steps, util, worker
step = steps.ShellCommand(command=["sh", "-c", "echo hello"])
BuildmasterConfig = {{
    "workers": [worker.Worker("w", "secret", max_builds={slots})],
    "protocols": {{"pb": {{"port": "tcp:{pb}:interface=127.0.0.1"}}}},
    "schedulers": [schedulers.ForceScheduler(name="force", builderNames=["hello"])],
    "builders": [util.BuilderConfig(name="hello", workernames=["w"], factory=util.BuildFactory([step]))],
    "collapseRequests": False,
    "www": {{"port": "tcp:{www}:interface=127.0.0.1", "plugins": {{}}}},
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    "buildbotNetUsageData": None,
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))


def until(what, check, pause):
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(pause)
    raise SystemExit(f"{what} took more than {LIMIT} s")


def main():
    directory, count, slots = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    venv = os.path.join(directory, "venv")
    program = lambda name: os.path.join(venv, "bin", name)
    if not os.path.exists(program("buildbot-worker")):
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([program("pip"), "-q", "--disable-pip-version-check", "install", *PACKAGES], check=True)
    master, worker = os.path.join(directory, "master"), os.path.join(directory, "worker")
    for old in (master, worker):
        shutil.rmtree(old, ignore_errors=True)
    pb, www = free_port(), free_port()
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([program("buildbot"), "create-master", "-c", "master.cfg", master], **quiet)
    with open(os.path.join(master, "master.cfg"), "w") as file:
        file.write(MASTER.format(slots=slots, pb=pb, www=www))
    subprocess.run([program("buildbot"), "upgrade-master", master], **quiet)
    subprocess.run([program("buildbot-worker"), "create-worker", worker, f"127.0.0.1:{pb}", "w", "secret"], **quiet)
    api = f"http://127.0.0.1:{www}/api/v2"

    def get(path):
        try:
            with urllib.request.urlopen(f"{api}/{path}", timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            # Not there yet; anything else is a mistake here.
            if error.code not in (404, 503):
                raise
        except OSError:
            pass
        return None

    def force():
        body = {"jsonrpc": "2.0", "method": "force", "id": 1, "params": {"builderid": 1}}
        request = urllib.request.Request(
            f"{api}/forceschedulers/force", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=60).read()

    def done():
        last = get("builders/1/builds?order=-number&limit=1&complete=true")
        return last["builds"][0]["number"] if last and last["builds"] else 0

    def has_log(number):
        steps = get(f"builders/1/builds/{number}/steps/shell/logs/stdio")
        return steps and steps["logs"][0]["num_lines"] > 0

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    processes = [subprocess.Popen([program("buildbot"), "start", "--nodaemon", master], **quiet)]
    try:
        until("the start of the master", lambda: get("builders"), 0.2)
        processes.append(subprocess.Popen([program("buildbot-worker"), "start", "--nodaemon", worker], **quiet))
        until("the worker", lambda: (get("workers") or {"workers": [{}]})["workers"][0].get("connected_to"), 0.2)
        first = []
        for number in range(1, SINGLE + 1):
            begin = time.monotonic()
            force()
            until("a first log", lambda: has_log(number), 0.01)
            first.append((time.monotonic() - begin) * 1e3)
            until("a build", lambda: done() >= number, 0.05)
        begin = time.monotonic()
        for _ in range(count):
            force()
        until("the builds", lambda: done() >= SINGLE + count, 0.5)
        seconds = time.monotonic() - begin
        print(
            json.dumps(
                {
                    "jobs_per_s": count / seconds,
                    "first_log_ms": statistics.median(first),
                    "server_rss_mb": rss_mb(processes[0].pid),
                    "worker_rss_mb": rss_mb(processes[1].pid),
                    "version": PACKAGES[0],
                }
            )
        )
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


main()
