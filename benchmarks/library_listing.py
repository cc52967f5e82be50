"""How long the first list of a large library takes, and one header with a vocabulary of 256,000 tokens.

.venv/bin/python benchmarks/library_listing.py [--folders 400] [--files 2000]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from fakes.gguf_files import ARRAY, STRING, tiny_model
from steelyard.core.gguf.reading import HeaderReader

_ROUNDS = 5


def make_library(root: Path, folders: int, files: int) -> None:
    """Small whole GGUF files, spread evenly."""
    data = tiny_model().encode()
    for number in range(files):
        folder = root / f"publisher-{number % 20}" / f"model-{number % folders}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"m-{number}-Q4_K_M.gguf").write_bytes(data)


def listing_s(home: Path, library: Path) -> float:
    """Wall time of `models list` as a process of its own, in a home that has never seen the files."""
    command = [
        sys.executable,
        "-m",
        "steelyard",
        "--home",
        str(home),
        "models",
        "list",
        str(library),
        "--json",
    ]
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def header_s(folder: Path) -> float:
    """One header with 256,000 tokens, the worker running already."""
    tokens = [f"token-{number}" for number in range(256_000)]
    path = folder / "large.gguf"
    path.write_bytes(tiny_model().with_pair("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)).encode())
    reader = HeaderReader()
    try:
        reader.read(path)
        started = time.perf_counter()
        reader.read(path)
        return time.perf_counter() - started
    finally:
        reader.close()


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folders", type=int, default=400)
    parser.add_argument("--files", type=int, default=2000)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sy-") as place:
        library = Path(place) / "library"
        make_library(library, words.folders, words.files)
        empty = Path(place) / "empty"
        empty.mkdir()
        first = [listing_s(Path(place) / f"h{number}", library) for number in range(_ROUNDS)]
        bare = [listing_s(Path(place) / f"b{number}", empty) for number in range(_ROUNDS)]
        files = f"{words.files} files in {words.folders} folders"
        times = f"median {statistics.median(first):.2f} s, slowest {max(first):.2f} s"
        print(f"first list of {files}: {times}; of an empty folder: {statistics.median(bare):.2f} s")
        print(f"header with 256,000 tokens: {1000 * header_s(Path(place)):.0f} ms")


if __name__ == "__main__":
    main()
