#!/usr/bin/env python3
"""What the service costs when nothing happens, and how soon it is back: two runs of the real binary under the load generator.

    benches/at_rest.py [--backlog 1000000] [--agents 100000] [--conversations 100000] [--events 10000000]

At rest: agents with their sessions open, a backlog that nobody can serve; then the generator is killed, the leases run out, and the
processor time of ten seconds is taken. Start: load until so many events are in the journal, both are killed, and the service is started on
what it left: until health says SERVING.
"""

import argparse
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "omniroute"
ADDR, METRICS = "127.0.0.1:50961", "127.0.0.1:19474"
IDLE_SECONDS = 10
# A little longer than a session's lease, so that what its end brings is over.
LEASE_SECONDS = 40
UNITS_AN_AGENT = 2


class Service:
    """The service with data of its own, which outlive it."""

    def __init__(self, data):
        self.data = data

    def __enter__(self):
        self.begun = time.monotonic()
        arguments = ["--no-sample", "--data-dir", self.data, "--grpc-addr", ADDR, "--metrics-addr", METRICS]
        self.process = subprocess.Popen([BINARY, "serve", *arguments], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while subprocess.run([BINARY, "health", "--addr", ADDR], check=False, capture_output=True).returncode != 0:
            if self.process.poll() is not None:
                raise SystemExit("the service has ended")
            time.sleep(0.02)
        self.ready_seconds = time.monotonic() - self.begun
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mb(self):
        return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) / 1024

    def counted(self, event=None):
        """Events so far, of one kind or of all."""
        with urllib.request.urlopen(f"http://{METRICS}/metrics") as page:
            text = page.read().decode()
        found = re.findall(r'^omniroute_events_total\{([^}]*)\} (\d+)', text, re.MULTILINE)
        return sum(int(count) for labels, count in found if event is None or f'"{event}"' in labels)

    def load_until(self, is_enough, *arguments):
        """Puts a load on until it is enough, and kills the generator: what was there stays."""
        generator = subprocess.Popen([BINARY, "load", "--addr", ADDR, "--json", *arguments], stdout=subprocess.DEVNULL)
        while not is_enough():
            if generator.poll() is not None:
                raise SystemExit("the generator has ended before it was enough")
            time.sleep(0.2)
        generator.kill()
        generator.wait()


def at_rest(agents, backlog):
    with tempfile.TemporaryDirectory() as data, Service(data) as service:
        enough = lambda: service.counted("conversation_created") >= backlog
        floor = ["--agents", str(min(agents, 10_000)), "--busy-share", "0"]
        service.load_until(enough, "--backlog", str(backlog), "--clients", "1", "--duration", "600", *floor)
        time.sleep(LEASE_SECONDS)
        before = service.processor_seconds()
        time.sleep(IDLE_SECONDS)
        spent = service.processor_seconds() - before
        print(f"at rest: {backlog:,} conversations that nobody can serve; {spent * 1000:.0f} ms of processor time in {IDLE_SECONDS} s; "
              f"{service.resident_mb():.0f} MB resident")


def start(agents, conversations, events):
    with tempfile.TemporaryDirectory() as data:
        with Service(data) as service:
            share = conversations / (agents * UNITS_AN_AGENT)
            floor = ["--agents", str(agents), "--busy-share", str(share), "--clients", "2048", "--duration", "86400"]
            service.load_until(lambda: service.counted() >= events, *floor)
            counted = service.counted()
        with Service(data) as again:
            size = sum(it.stat().st_size for it in pathlib.Path(data).rglob("*") if it.is_file())
            print(f"start: {agents:,} agents, about {conversations:,} conversations, {counted:,} events: ready after {again.ready_seconds:.2f} s; "
                  f"{again.resident_mb():.0f} MB resident, {size / 1e6:.0f} MB on disk")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backlog", type=int, default=1_000_000)
    parser.add_argument("--agents", type=int, default=100_000)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    asked = parser.parse_args()
    at_rest(asked.agents, asked.backlog)
    start(asked.agents, asked.conversations, asked.events)


main()
