"""Battery N: a name stays a name. Nothing outside the cache is touched, whatever a hub calls its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import huggingface_hub
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.fake_hub import FakeHub, FakeRepo
from fakes.fake_hub_faults import HOSTILE_NAMES
from fakes.pulling import Puller
from steelyard.core.base.errors import AppError
from steelyard.core.hub.cache import CachedFile, blob_name_for
from steelyard.core.hub.client import RemoteFile
from steelyard.core.hub.names import parse_hub_name
from steelyard.core.hub.repo_files import file_rows
from steelyard.core.hub.safe_names import checked_file_name, checked_repo, checked_revision, why_no_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

REPO = "org/first"
COMMIT = "a" * 40
GOOD = "model-Q4_K_M.gguf"
# What a file in a repository may not be called, and the word of the reason.
BAD_FILES = {
    "../x.gguf": "another folder",
    "a/../../x.gguf": "another folder",
    "a/./x.gguf": "another folder",
    "..": "another folder",
    ".": "another folder",
    "/etc/x.gguf": "another folder",
    "//host/x.gguf": "another folder",
    "a//b.gguf": "another folder",
    "a/": "another folder",
    "..\\x.gguf": "backslash",
    "\\x.gguf": "backslash",
    "\\\\host\\s\\x.gguf": "backslash",
    "C:\\x.gguf": "backslash",
    "D:x.gguf": "colon",
    "x.gguf:ads": "colon",
    "%2e%2e/x.gguf": "percent",
    "..%5cx.gguf": "percent",
    "%s%n.gguf": "percent",
    "CON": "device",
    "con.gguf": "device",
    "nul.gguf": "device",
    "a/com1.gguf": "device",
    "x.gguf.": "begins or ends",
    "x.gguf ": "begins or ends",
    " x.gguf": "begins or ends",
    "-rf.gguf": "begins or ends",
    "--host=0.0.0.0": "begins or ends",
    ".cache/huggingface/x.gguf": "begins or ends",
    ".gguf": "begins or ends",
    "~root/x.gguf": "begins or ends",
    "a/.git/x.gguf": "begins or ends",
    "n" * 256 + ".gguf": "too long",
    "deep/" * 800 + "x.gguf": "too long",
    "": "empty",
    "a\0b.gguf": "not seen",
    "a\nb.gguf": "not seen",
    "a\tb.gguf": "not seen",
    "\x1b[31mred.gguf": "not seen",
    "\u202efugg.txt.gguf": "not seen",
    "a\u200bb.gguf": "not seen",
    "\ud800.gguf": "not seen",
    "cafe\u0301.gguf": "usual form",
}
# Strange, but nothing more than names: no shell, no format string and no path is made of them.
HARMLESS_FILES = (
    "a,b.gguf",
    ";$(id).gguf",
    "a b.gguf",
    "caf\xe9.gguf",
    "\U0001f525.gguf",
    "A.gguf",
    "a.gguf",
)
BAD_REPOS = (
    *(
        "",
        ".",
        "..",
        "x",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "../x",
        "a/..",
        "../..",
        "a\\b",
        "a/b\\c",
        "C:/x",
        "a/b:c",
    ),
    *(
        "con/x",
        "x/NUL",
        "-a/b",
        ".a/b",
        "a/b.",
        "a/b.git",
        "a--b/c",
        "a/b--c",
        "a/b\n",
        "a/b ",
        "a/\0",
        "a/b%2e",
    ),
    *("a/" + "b" * 200, "a/\u202eb", "a/\ud800", "\xe9/b", "a/b;c", "a/$(id)", "a,b/c", "~/b", "a/~b"),
)
BAD_REVISIONS = (
    *("", ".", "..", "../x", "a/../b", "/x", "a//b", "a/", "-x", "x.lock", "a\\b", "a:b", "a b", "a\n", "\0"),
    *("%2e%2e", "x" * 300, "\u202ex", "\ud800", "~1", "a..b", "x."),
)


def why(name: str) -> str:
    with pytest.raises(AppError) as caught:
        checked_file_name(name)
    line = caught.value.one_line()
    assert line.isprintable()
    assert len(line) < 300
    line.encode()
    return line


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_name_is_refused_with_its_reason(name: str) -> None:
    assert BAD_FILES[name] in why(name)
    with pytest.raises(AppError):
        CachedFile(Path("/nowhere"), REPO, COMMIT, name, "b")
    assert file_rows([RemoteFile(name, 5, None)], None) == []


@pytest.mark.parametrize("name", HARMLESS_FILES)
def test_strange_file_name_is_a_file(name: str, tmp_path: Path) -> None:
    file = CachedFile(tmp_path, REPO, COMMIT, name, "b")
    assert file.pointer.name == name
    assert file.pointer.parent == tmp_path / "models--org--first" / "snapshots" / COMMIT


@pytest.mark.parametrize("repo", BAD_REPOS)
def test_bad_repository_is_refused(repo: str) -> None:
    with pytest.raises(AppError) as caught:
        checked_repo(repo)
    assert caught.value.one_line().isprintable()
    with pytest.raises(AppError):
        CachedFile(Path("/nowhere"), repo, COMMIT, GOOD, "b")


@pytest.mark.parametrize("revision", BAD_REVISIONS)
def test_bad_revision_is_refused(revision: str) -> None:
    with pytest.raises(AppError) as caught:
        checked_revision(revision)
    assert caught.value.one_line().isprintable()


@pytest.mark.parametrize(
    "commit", ["", "..", "../" * 13 + "x", "A" * 40, "a" * 6, "a" * 65, "a" * 39 + "/", "main"]
)
def test_bad_commit_is_refused(commit: str) -> None:
    with pytest.raises(AppError):
        CachedFile(Path("/nowhere"), REPO, commit, GOOD, "b")


def _all_bad_texts() -> list[str]:
    files = [f"{REPO}/{name}" for name in BAD_FILES]
    revisions = [f"{REPO}@{revision}" for revision in BAD_REVISIONS]
    addresses = [f"https://hf.co/{REPO}/resolve/main/{name}" for name in BAD_FILES]
    return [*BAD_FILES, *BAD_REPOS, *files, *revisions, *addresses]


@pytest.mark.parametrize("text", _all_bad_texts())
def test_typed_name_is_safe_or_refused(text: str) -> None:
    """What a person types or pastes: whatever is accepted consists of safe names."""
    try:
        name = parse_hub_name(text)
    except AppError as exc:
        name = None
        shown = exc.one_line()
        shown.encode()
    if name is not None:
        checked_repo(name.repo)
        assert name.file is None or not why_no_file_name(name.file)
        assert name.revision is None or checked_revision(name.revision)


@pytest.mark.parametrize(
    "etag",
    [
        *BAD_FILES,
        "x.incomplete",
        "x.lock",
        "x.steelyard-part",
        '"../../x"',
        'W/"../x"',
        "a" * 5000,
        ".hidden",
    ],
)
def test_entity_tag_becomes_a_plain_blob_name(etag: str, tmp_path: Path) -> None:
    name = blob_name_for(etag, None)
    file = CachedFile(tmp_path, REPO, COMMIT, GOOD, name)
    for path in (file.blob, file.part, file.side, file.lock):
        assert os.path.normpath(path) == str(path)
        assert len(path.name) < 200
    assert file.blob.parent == tmp_path / "models--org--first" / "blobs"
    assert not name.endswith((".incomplete", ".lock", ".steelyard-part"))


# ---- any name at all ---------------------------------------------------------------------------------------

_PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["..", ".", "/", "\\", "//", "~", "%2e", ":", "con", ".gguf", "\0", "a", "b c", "-", "\u202e"]
    ),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(_PIECES, max_size=8).map("".join))
def test_any_accepted_name_is_one_file_in_its_snapshot(name: str) -> None:
    if why_no_file_name(name):
        return
    file = CachedFile(Path("/cache"), REPO, COMMIT, name, "b")
    top = f"/cache/models--org--first/snapshots/{COMMIT}"
    assert os.path.normpath(file.pointer) == str(file.pointer)
    assert str(file.pointer).startswith(f"{top}/")
    assert "\0" not in name


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=6).map("".join))
def test_any_accepted_repository_is_one_folder_in_the_cache(name: str) -> None:
    try:
        checked_repo(name)
    except AppError:
        return
    folder = CachedFile(Path("/cache"), name, COMMIT, GOOD, "b").folder
    assert os.path.normpath(folder) == str(folder)
    assert folder.parent == Path("/cache")


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.sampled_from(["@", "org/", "hf.co/", "https://", ":Q4"])), max_size=8))
def test_any_typed_text_is_understood_or_refused(pieces: list[str]) -> None:
    try:
        name = parse_hub_name("".join(pieces))
    except AppError as exc:
        exc.one_line().encode()
        return
    if name is not None:
        checked_repo(name.repo)


# ---- from a hub to the disk --------------------------------------------------------------------------------


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    harmless = {name: f"GGUF{name}".encode() for name in HARMLESS_FILES}
    # Whatever can be asked for by HTTP; a lone surrogate cannot.
    hostile = {name: b"GGUFevil" for name in {*BAD_FILES, *HOSTILE_NAMES} if name and "\ud800" not in name}
    with FakeHub(FakeRepo(REPO, {GOOD: b"GGUFgood", **harmless, **hostile}, COMMIT)) as hub:
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def puller(hub: FakeHub, tmp_path: Path) -> Puller:
    cache = tmp_path / "deep" / "er" / "cache"
    cache.mkdir(parents=True)
    return Puller(hub.url, cache)


def surroundings(cache: Path) -> list[tuple[str, float]]:
    """Everything around the cache that a name could lead to, and when it was changed."""
    top = cache.parents[2]
    around = [top, *(path for path in top.rglob("*") if not path.is_relative_to(cache))]
    escaped = [
        name for name in (*BAD_FILES, *HOSTILE_NAMES) if name.startswith("/") and os.path.lexists(name)
    ]
    assert escaped == []
    return sorted((str(path), path.stat().st_mtime) for path in around)


def test_hub_that_offers_hostile_names(hub: FakeHub, puller: Puller) -> None:
    before = surroundings(puller.cache)
    rows = file_rows(puller.client.repo(REPO, None).files, None)
    assert {row.name for row in rows} == {GOOD, *HARMLESS_FILES}
    for name in [name for name in (*BAD_FILES, *HOSTILE_NAMES) if name and "\ud800" not in name]:
        with pytest.raises(AppError) as caught:
            puller.pull(name)
        assert "refused" in caught.value.one_line()
        assert caught.value.one_line().isprintable()
    assert puller.left() == []
    assert surroundings(puller.cache) == before
    for name in HARMLESS_FILES:
        (fetched,) = puller.pull(name)
        assert fetched.path.read_bytes() == f"GGUF{name}".encode()
        assert fetched.path.is_relative_to(puller.cache)
    assert surroundings(puller.cache) == before


@pytest.mark.parametrize("fault", ["names-hostile", "commit-hostile"])
def test_fault_of_names(fault: str, hub: FakeHub, puller: Puller) -> None:
    before = surroundings(puller.cache)
    hub.set_fault(fault)
    if fault == "commit-hostile":
        with pytest.raises(AppError) as caught:
            puller.client.repo(REPO, None)
        assert "its commit is" in caught.value.one_line()
    else:
        rows = file_rows(puller.client.repo(REPO, None).files, None)
        assert GOOD in {row.name for row in rows}
        assert not [row.name for row in rows if why_no_file_name(row.name)]
        assert puller.pull(GOOD, revision=COMMIT)[0].path.read_bytes() == b"GGUFgood"
    assert surroundings(puller.cache) == before


@pytest.mark.parametrize("etag", ["../../../../x", "x.incomplete", "x" * 300])
def test_hostile_tag_of_a_file(etag: str, hub: FakeHub, puller: Puller) -> None:
    """A file without LFS is named by what the hub calls its tag."""
    before = surroundings(puller.cache)
    repo = hub.repos[REPO]
    name = "notes.txt"
    repo.files[name] = b"GGUFnotes"
    blob = repo.blob(repo.files, name)
    object.__setattr__(blob, "git_oid", etag)
    (fetched,) = puller.pull(name)
    assert fetched.path.read_bytes() == b"GGUFnotes"
    assert fetched.path.resolve().parent == puller.folder() / "blobs"
    assert surroundings(puller.cache) == before


def test_file_where_a_folder_must_be(hub: FakeHub, puller: Puller) -> None:
    """A repository in git cannot have both, a hub that lies can."""
    repo = hub.repos[REPO]
    repo.files |= {"clash": b"first", "clash/model.gguf": b"GGUFsecond"}
    puller.pull("clash")
    with pytest.raises(AppError) as caught:
        puller.pull("clash/model.gguf")
    assert "in the way" in caught.value.one_line()
    assert "clash" in caught.value.one_line()
    assert puller.pull("clash")[0].path.read_bytes() == b"first"


def test_folder_where_a_file_must_be(hub: FakeHub, puller: Puller) -> None:
    (fetched,) = puller.pull(GOOD)
    fetched.path.unlink()
    (fetched.path / "inside").mkdir(parents=True)
    with pytest.raises(AppError) as caught:
        puller.pull(GOOD)
    assert GOOD in caught.value.one_line()
    assert [name for name in puller.left() if ".new" in name] == []
