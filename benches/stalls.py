#!/usr/bin/env python3
"""How often a core is taken away from a process that wants nothing but to run: by the host of a virtual machine, or by other work.

Such a stall is in the slowest answers of whatever is measured on the machine, and no service can be faster than it.

    benches/stalls.py [SECONDS]        # on all cores at once; a line for each
"""

import os
import sys
import time
from multiprocessing import Pool

# Seconds between two looks at the clock from which on it is a stall: a look takes less than a microsecond.
STALL = 0.0005


def spin(core: int, seconds: float) -> list[float]:
    """Looks at the clock over and over on one core, and notes how long each stall was, in milliseconds."""
    os.sched_setaffinity(0, {core})
    stalls = []
    last = time.perf_counter()
    end = last + seconds
    while last < end:
        now = time.perf_counter()
        if now - last > STALL:
            stalls.append((now - last) * 1_000)
        last = now
    return stalls


def main() -> None:
    """Says for each core how many stalls there were, and how long."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    cores = sorted(os.sched_getaffinity(0))
    with Pool(len(cores)) as pool:
        found = pool.starmap(spin, [(core, seconds) for core in cores])
    for core, stalls in zip(cores, found):
        stalls.sort()
        median, longest = (stalls[len(stalls) // 2], stalls[-1]) if stalls else (0.0, 0.0)
        print(
            f"core {core}: {len(stalls) / seconds:.1f} stalls a second, {median:.1f} ms at the median, "
            f"{longest:.1f} ms at most, {sum(stalls) / seconds / 10:.2f} % of the time"
        )


if __name__ == "__main__":
    main()
