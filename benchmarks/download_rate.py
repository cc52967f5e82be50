"""Rate of a download, sha256 included, against curl of the same file from the same loopback hub, in turns.

    .venv/bin/python benchmarks/download_rate.py [--rounds 3] [--mib 1024] [--line-mbps 100] [--folder DIR]

Promise (DESIGN 8): >= 0.98 of curl on a line of 100 MB/s, >= 0.4 unthrottled; memory flat. The hub runs in a
process of its own, Steelyard's transfer in another, as curl does; each starts with an empty cache. With
`--parts` the time of hashing and of writing alone is told, too.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fakes.fake_hub import FakeHub, FakeRepo, SparseFile
from fakes.fake_hub_wire import Pace as LinePace
from steelyard.core.hub.access import Access
from steelyard.core.hub.client import HubClient
from steelyard.core.hub.fetching import Fetching, RowProgress, fetch_row
from steelyard.core.hub.pace import Pace
from steelyard.core.hub.progress import Stopper

REPO, NAME = "bench/first", "model-Q4_K_M.gguf"
MB = 1_000_000
CATCH_UP_S = 0.1


class Line(LinePace):
    """A line that is not slower because the hub's process had to wait for a processor: it catches up."""

    async def wait(self, size: int, bytes_per_s: float) -> None:
        """Sleep until these bytes have gone out at this rate."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now - CATCH_UP_S) + size / bytes_per_s
        await asyncio.sleep(max(0.0, self._free_at - now))


def serve(size: int, bytes_per_s: float | None) -> None:
    """The hub, until stdin closes."""
    with FakeHub(FakeRepo(REPO, {NAME: SparseFile(size, seed=1, head=b"GGUF")})) as hub:
        hub.line.pace = Line()
        hub.limit(bytes_per_s)
        print(hub.url, flush=True)
        sys.stdin.read()


def fetch(url: str, cache: Path) -> None:
    """One pull; prints seconds, and by how much the resident memory grew while bytes came."""
    client = HubClient(Access(url))
    commit = client.repo(REPO, None).commit  # the client's own start is no part of the line's rate
    before = _rss_bytes()
    peak = before

    def tell(_: RowProgress) -> None:
        nonlocal peak
        peak = max(peak, _rss_bytes())

    started = time.perf_counter()
    (fetched,) = fetch_row(Fetching(cache, REPO, commit, "main", [NAME], client, Pace(), Stopper()), tell)
    seconds = time.perf_counter() - started
    grown = max(peak, _rss_bytes()) - before
    print(json.dumps({"seconds": seconds, "rss_growth": grown, "sha256": fetched.sha256}))


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ours(url: str, folder: Path) -> tuple[float, float]:
    """Bytes a second are for the caller; seconds and growth in MB."""
    cache = folder / "cache"
    try:
        done = subprocess.run(
            [sys.executable, __file__, "--fetch", url, "--folder", str(cache)],
            capture_output=True,
            check=True,
        )
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    answer = json.loads(done.stdout)
    return answer["seconds"], answer["rss_growth"] / MB


def curl(url: str, folder: Path) -> float:
    """Seconds that curl takes for the same file."""
    goal = folder / "curl.gguf"
    started = time.perf_counter()
    words = ["curl", "--silent", "--fail", "--location", "--output", str(goal)]
    subprocess.run([*words, f"{url}/{REPO}/resolve/main/{NAME}"], check=True)
    seconds = time.perf_counter() - started
    goal.unlink()
    return seconds


def compare(name: str, size: int, bytes_per_s: float | None, rounds: int, folder: Path) -> None:
    """Both in turns; who goes first alternates."""
    words = [sys.executable, __file__, "--serve", str(size), "--line-mbps", str((bytes_per_s or 0) / MB)]
    hub = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert hub.stdout is not None
    try:
        url = hub.stdout.readline().strip()
        mine: list[tuple[float, float]] = []
        theirs: list[float] = []
        for number in range(rounds):
            if number % 2:
                theirs.append(curl(url, folder))
                mine.append(ours(url, folder))
            else:
                mine.append(ours(url, folder))
                theirs.append(curl(url, folder))
    finally:
        hub.communicate(timeout=30)
    seconds, plain = statistics.median(pair[0] for pair in mine), statistics.median(theirs)
    print(
        f"{name}: Steelyard {size / seconds / MB:.1f} MB/s, curl {size / plain / MB:.1f} MB/s, "
        f"ratio {plain / seconds:.3f}; memory grew by {max(pair[1] for pair in mine):.1f} MB"
    )


def parts(size: int, folder: Path) -> None:
    """What the machine can do at most."""
    data = b"x" * (1 << 20)
    digest = hashlib.sha256()
    started = time.perf_counter()
    for _ in range(256):
        digest.update(data)
    print(f"sha256 alone: {256 * len(data) / (time.perf_counter() - started) / MB:.0f} MB/s")
    goal = folder / "plain"
    started = time.perf_counter()
    with goal.open("wb") as file:
        for _ in range(size >> 20):
            file.write(data)
    print(f"writing alone: {size / (time.perf_counter() - started) / MB:.0f} MB/s")
    goal.unlink()


def main() -> None:
    """Measure, or be one of the processes of a measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--line-mbps", type=float, default=100.0, help="MB/s")
    parser.add_argument("--folder", type=Path, help="where to write; a temporary folder otherwise")
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--fetch", help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.serve:
        serve(words.serve, words.line_mbps * MB or None)
        return
    if words.fetch:
        fetch(words.fetch, words.folder)
        return
    size = words.mib << 20
    with tempfile.TemporaryDirectory(prefix="steelyard-bench-", dir=words.folder) as folder:
        place = Path(folder)
        print(f"{words.mib} MiB, {words.rounds} rounds in turns")
        if words.parts:
            parts(size, place)
        compare(f"line of {words.line_mbps:.0f} MB/s", size, words.line_mbps * MB, words.rounds, place)
        compare("unthrottled loopback", size, None, words.rounds, place)


if __name__ == "__main__":
    main()
