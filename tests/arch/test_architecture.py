"""The rules of the house that no other tool checks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "desktop").rglob("*.py"))


def tracked_text_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in (".ttf", ".otf", ".png")]


def test_import_contracts() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(command), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("words", [["--help"], ["ps"], ["models", "list"]])
def test_command_line_imports_no_qt(words: list[str], tmp_path: Path) -> None:
    argv = [*words, "--home", str(tmp_path)]
    code = (
        f"import sys, steelyard.__main__ as m; sys.argv[1:] = {argv!r}\n"
        "try: m.main()\nexcept SystemExit: pass\n"
        "bad = [n for n in sys.modules if n.split('.')[0] in ('PySide6', 'shiboken6')]\n"
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_colours_and_style_sheets_live_in_the_theme() -> None:
    wrong = re.compile(r"setStyleSheet|#[0-9a-fA-F]{6}\b")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        if "theme" not in path.parts and "ui" in path.parts
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if wrong.search(line)
    ]
    assert found == []


def test_no_dialog_runs_a_loop_of_its_own() -> None:
    wrong = re.compile(
        r"\bprocessEvents\(|\.exec\(\)|QMessageBox\.(?:question|warning|critical|information)\("
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if wrong.search(line) and "application.exec()" not in line and "app.exec()" not in line
    ]
    assert found == []


def test_no_registry_host_and_no_weights_are_tracked() -> None:
    hosts = re.compile(
        "|".join(
            (r"py" + r"pi\.org", "python" + r"hosted\.org", r"registry\." + "npmjs", "deb" + r"\.debian\.org")
        )
    )
    paths = tracked_text_files()
    found = [str(path.relative_to(ROOT)) for path in paths if hosts.search(path.read_text(errors="ignore"))]
    assert found == []
    assert [path.name for path in paths if path.suffix == ".gguf" or path.stat().st_size > 3_000_000] == []
