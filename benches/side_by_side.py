#!/usr/bin/env python3
"""Omniroute beside hand-built dispatchers on PostgreSQL and Redis, in one go on one machine: the same agents, skills, requirements and share
busy, one after the other, and one table with ratios.

    benches/side_by_side.py PEERS [--agents 10000] [--clients 8,64] [--secs 5] [--binary PATH]

PEERS is the directory of the dispatchers: a crate whose program prints a line of JSON a run, and `servers.sh`, which starts and stops their
servers. Whatever is not installed is left out, and said so. The service is the release of this directory, which is built first, or the binary
that is named. A cycle of theirs is two calls (dispatch, complete); one of ours is three, for the agent accepts, and two where the channel
accepts in the agent's name: both are run. Either way an invite is sent, told and settled. By either door the sessions, which theirs have none
of, are carried on one stream. Their program calls from two threads; ours by unary calls from one and from two, of which the better counts.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "omniroute"
ADDR, METRICS = "127.0.0.1:50951", "127.0.0.1:19464"
ACCEPTORS = 64
# How ours are accepted, and the options for it.
BY_CALL, BY_CHANNEL = "accepted by call", "accepted by the channel"
ACCEPTED = {BY_CALL: [], BY_CHANNEL: ["--auto-accept"]}
# Threads of the generator, by door. One is enough for a stream.
THREADS = {"pipeline": [1], "unary": [1, 2]}
# Connections that the PostgreSQL of the dispatchers takes, less some for itself.
CLIENTS_OF_PG_MAX = 110


def run(command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build_peers(directory):
    """Into its own directory, where its scripts look for it."""
    run(["cargo", "build", "--release"], cwd=directory, env=os.environ | {"CARGO_TARGET_DIR": str(directory / "target")})


class Peers:
    def __init__(self, directory, secs, agents):
        self.directory, self.secs, self.agents = directory, secs, agents

    def servers(self, *what):
        run([self.directory / "servers.sh", *what], cwd=self.directory)

    def program(self, *arguments):
        return json.loads(run([self.directory / "target/release/peers", *arguments], cwd=self.directory).splitlines()[-1])

    def cycle(self, system, clients, *more):
        common = ["--agents", str(self.agents), "--clients", str(clients), "--secs", str(self.secs)]
        found = self.program("cycle", "--system", system, *common, *more)
        if not found["consistent"]:
            sys.exit(f"{system}: its capacity does not add up: {found}")
        return found["cycles_s"]

    def race(self, system, *more):
        return self.program("race", "--system", system, "--acceptors", str(ACCEPTORS), "--rounds", "200", *more)["all_replied_p50_us"]


def of_peers(peers, clients):
    """Cycles a second by number of clients, and the race, for each system that is installed."""
    found = {}
    if shutil.which("psql"):
        peers.servers("start", "pg")
        try:
            cycles = {it: max(peers.cycle("pg", it, "--schema", schema) for schema in ("gin", "idle")) for it in clients if it <= CLIENTS_OF_PG_MAX}
            found["PostgreSQL"] = (cycles, peers.race("pg"))
        finally:
            peers.servers("stop", "pg")
    if shutil.which("redis-server"):
        for policy in ("everysec", "always"):
            peers.servers("start", "redis", policy)
            try:
                cycles = {it: peers.cycle("redis", it, "--label", policy) for it in clients}
                found[f"Redis, AOF {policy}"] = (cycles, peers.race("redis", "--label", policy))
            finally:
                peers.servers("stop", "redis")
    return found


class Service:
    """The service with data of its own."""

    def __init__(self, binary):
        self.binary = binary

    def __enter__(self):
        self.data = tempfile.TemporaryDirectory()
        arguments = ["--no-sample", "--data-dir", self.data.name, "--grpc-addr", ADDR, "--metrics-addr", METRICS]
        self.process = subprocess.Popen([self.binary, "serve", *arguments], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(1)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.data.cleanup()

    def load(self, *arguments):
        command = [self.binary, "load", "--addr", ADDR, "--metrics-url", f"http://{METRICS}/metrics", "--json", *arguments]
        return json.loads(run(command))["loads"]


def of_us(binary, agents, clients, secs):
    found = {}
    floor = ["--session-door", "pipeline", "--agents", str(agents), "--cohorts", str(agents), "--busy-share", "0.85", "--duration", str(secs)]
    for door, counts in (("pipeline", [*clients, 256, 2048, 4096]), ("unary", clients)):
        counts = sorted(set(counts))
        for how, options in ACCEPTED.items():
            with Service(binary) as service:
                door_options = ["--door", door, "--clients", ",".join(map(str, counts)), *options]
                runs = [service.load("--threads", str(it), *door_options, *floor) for it in THREADS[door]]
                cycles = {it: max(load["conversations_per_second"] for load in loads) for it, *loads in zip(counts, *runs)}
                found[of(door, how)] = (cycles, race(service, door, secs) if how == BY_CALL else None)
    return found


def of(door, how):
    return f"Omniroute, {door} door, {how}"


def race(service, door, secs):
    options = ["--workload", "race", "--agents", str(ACCEPTORS), "--race-agents", str(ACCEPTORS), "--acceptors", str(ACCEPTORS)]
    [raced] = service.load("--door", door, "--clients", "1", "--busy-share", "0", "--duration", str(secs), "--org", "race", *options)
    [settled] = [it for it in raced["latencies"] if it["step"] == "until_race_settled"]
    return settled["p50_us"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", type=pathlib.Path)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--clients", default="8,64")
    parser.add_argument("--secs", type=int, default=5)
    parser.add_argument("--binary", type=pathlib.Path)
    asked = parser.parse_args()
    clients = [int(it) for it in asked.clients.split(",")]
    if not asked.binary:
        run(["cargo", "build", "--release", "--locked"], cwd=ROOT)
    build_peers(asked.peers.resolve())
    found = of_us(asked.binary or BINARY, asked.agents, clients, asked.secs) | of_peers(Peers(asked.peers.resolve(), asked.secs, asked.agents), clients)
    best = {name: max(cycles.values()) for name, (cycles, _) in found.items()}
    ours = [best[of("pipeline", how)] for how in ACCEPTED]
    print(f"{asked.agents} agents of whom no two are alike, 85 % busy; cycles a second, and {ACCEPTORS} acceptances of one invite until all are answered\n")
    heads = [f"{it} clients" for it in clients]
    print(f"| system | {' | '.join(heads)} | its best | pipelined door, best against best: {BY_CALL}, {BY_CHANNEL} | race, median |")
    print("| --- |" + " --- |" * (len(heads) + 3))
    for name, (cycles, race_us) in found.items():
        shown = [f"{cycles[it]:,.0f}" if it in cycles else "" for it in clients]
        ratios, settled = ", ".join(f"{it / best[name]:.1f} ×" for it in ours), f"{race_us / 1000:.2f} ms" if race_us else ""
        print(f"| {name} | {' | '.join(shown)} | {best[name]:,.0f} | {ratios} | {settled} |")
    for name in ("PostgreSQL", "Redis, AOF always", "Redis, AOF everysec"):
        if name not in found:
            print(f"\n{name} is not installed: left out")


main()
