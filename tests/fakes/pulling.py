"""Pulls a file from the fake hub with the real code; as a program, in a process of its own.

    python tests/fakes/pulling.py URL CACHE REPO NAME…

prints what was fetched, or the error, as one JSON document.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from steelyard.core.base.errors import AppError
from steelyard.core.hub.access import Access
from steelyard.core.hub.cache import PART_SUFFIX
from steelyard.core.hub.client import HubClient
from steelyard.core.hub.fetching import Fetching, RowProgress, fetch_row
from steelyard.core.hub.pace import Pace
from steelyard.core.hub.progress import Stopped, Stopper

if TYPE_CHECKING:
    from fakes.fake_hub import SparseFile
    from steelyard.core.hub.transfer import Fetched

REPO = "org/first"


def sha256_of(content: SparseFile) -> str:
    digest = hashlib.sha256()
    for number in range(-(-content.size >> 20)):
        digest.update(content.piece(number))
    return digest.hexdigest()


@dataclass
class Puller:
    """One user of one hub and one cache."""

    url: str
    cache: Path
    token: str | None = None
    pace: Pace = field(default_factory=Pace)
    notes: list[str] = field(default_factory=list[str])

    @property
    def client(self) -> HubClient:
        return HubClient(Access(self.url, "settings", self.token, "environment" if self.token else "none"))

    def pull(
        self, *names: str, repo: str = REPO, revision: str | None = None, stop_at: int | None = None
    ) -> list[Fetched]:
        """Fetch files; with `stop_at`, until at least so many bytes are there."""
        stopper = Stopper()

        def tell(progress: RowProgress) -> None:
            if progress.note and progress.note not in self.notes[-1:]:
                self.notes.append(progress.note)
            if stop_at is not None and progress.done_bytes >= stop_at:
                stopper.stop()

        return self.pull_with(stopper, tell, *names, repo=repo, revision=revision)

    def pull_with(
        self, stopper: Stopper, tell: object, *names: str, repo: str = REPO, revision: str | None = None
    ) -> list[Fetched]:
        client = self.client
        commit = client.repo(repo, revision).commit
        fetching = Fetching(
            self.cache, repo, commit, revision or "main", list(names), client, self.pace, stopper
        )
        return fetch_row(fetching, tell)  # type: ignore[arg-type]

    def stopped_at(self, name: str, stop_at: int, repo: str = REPO) -> int:
        """Fetch until about `stop_at`; returns how many bytes are there then."""
        try:
            self.pull(name, repo=repo, stop_at=stop_at)
        except Stopped:
            return self.part(repo).stat().st_size
        raise AssertionError("it was complete before it could be stopped")

    # ---- what lies in the cache ----

    def folder(self, repo: str = REPO) -> Path:
        return self.cache / f"models--{repo.replace('/', '--')}"

    def part(self, repo: str = REPO) -> Path:
        (part,) = (self.folder(repo) / "blobs").glob(f"*{PART_SUFFIX}")
        return part

    def side(self, repo: str = REPO) -> Path:
        return self.part(repo).with_name(f"{self.part(repo).name}.json")

    def left(self) -> list[str]:
        """Every file in the cache that is no lock."""
        paths = (path for path in self.cache.rglob("*") if not path.is_dir() or path.is_symlink())
        return sorted(str(path.relative_to(self.cache)) for path in paths if ".locks" not in path.parts)


def main() -> None:
    url, cache, repo, *names = sys.argv[1:]
    try:
        fetched = Puller(url, Path(cache)).pull(*names, repo=repo)
        print(json.dumps([{**vars(file), "path": str(file.path)} for file in fetched]))
    except AppError as exc:
        print(json.dumps({"error": exc.one_line()}))


if __name__ == "__main__":
    main()
