"""run.py as a newcomer meets it: real processes where they are quick, its functions where they are not."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCK_FILES = sorted([*ROOT.glob("requirements*.txt"), ROOT / "build-constraints.txt"])


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone, as far as run.py reads it."""
    folder = tmp_path / "checkout"
    (folder / "models").mkdir(parents=True)
    shutil.copy(ROOT / "models" / "starter.toml", folder / "models")
    for path in [ROOT / "run.py", ROOT / "pyproject.toml", *LOCK_FILES]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH that holds what a test puts there and nothing else."""
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


@pytest.fixture
def run(checkout: Path, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """run.py of the fresh clone as a module, on a machine without toolkits."""
    for name in ("CXX", "CUDA_HOME", "CUDA_PATH", "ROCM_PATH", "HIP_PATH", "VULKAN_SDK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tools))
    spec = importlib.util.spec_from_file_location("run_under_test", checkout / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name.
    monkeypatch.setitem(sys.modules, "run_under_test", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(module, "WINDOWS", False)
    monkeypatch.setattr(module, "MACOS", False)
    return module


def start(
    checkout: Path, *words: str, stub: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Start run.py on the Python under the environment; `stub` doctors that Python first."""
    code = f"import sys, runpy; sys.argv[1:] = {list(words)!r}\n{stub}\n"
    code += "runpy.run_path('run.py', run_name='__main__')"
    base = getattr(sys, "_base_executable", sys.executable)
    argv = [base, "-c", code] if stub else [base, "run.py", *words]
    return subprocess.run(
        argv,
        cwd=checkout,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def one_clear_line(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 1, answer.stderr
    assert "Traceback" not in answer.stderr
    lines = answer.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("run.py: ")
    return lines[0]


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)


def put_done(run: ModuleType, dev: bool = False) -> None:
    """Leave .venv as a finished set-up does, without the wait."""
    for step in run.steps(dev):
        touch(run.VENV, ".keep")
        if not step.leaves.exists():
            touch(step.leaves.parent, step.leaves.name)
        step.leave("done", run.digest_of(step.files, step.settings))


# ---- one clear line ----


@pytest.mark.parametrize("version", [(3, 7), (3, 10), (3, 14), (2, 7)])
def test_other_python_is_refused_by_name(checkout: Path, version: tuple[int, int]) -> None:
    class_ = f"sys.version_info = ({version[0]}, {version[1]}, 0)"
    line = one_clear_line(start(checkout, "setup", stub=class_))
    assert f"needs Python 3.11, 3.12 or 3.13; this is {version[0]}.{version[1]}" in line
    assert "Install" in line
    assert not (checkout / ".venv").exists()


def test_no_syntax_newer_than_python_3_7() -> None:
    """An old Python must get as far as the line above."""
    import ast

    ast.parse((ROOT / "run.py").read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.skipif(os.name == "nt", reason="Windows finds its compiler off the PATH")
def test_missing_compiler_is_said_before_anything_is_done(checkout: Path, tools: Path) -> None:
    line = one_clear_line(start(checkout, "setup", env={"PATH": str(tools), "CXX": ""}))
    assert "No C++ compiler" in line
    assert "To fix it" in line
    assert not (checkout / ".venv").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the fix is Debian's")
def test_missing_compiler_on_debian_names_the_package(checkout: Path, tools: Path) -> None:
    touch(tools, "apt-get")
    line = one_clear_line(start(checkout, "setup", env={"PATH": str(tools), "CXX": ""}))
    assert "sudo apt-get install build-essential" in line


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_missing_venv_module(checkout: Path, module: str) -> None:
    line = one_clear_line(start(checkout, "setup", stub=f"sys.modules[{module!r}] = None"))
    assert "venv module is missing" in line
    assert not (checkout / ".venv").exists()


def test_full_disk_is_refused_before_the_build(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        run.shutil, "disk_usage", lambda _place: shutil._ntuple_diskusage(10**10, 9 * 10**9, 10**9)
    )
    with pytest.raises(run.SetUpError, match=r"has 1\.0 GB free; set-up needs about 3 GB"):
        run.check_disk()


def test_unreachable_registry(checkout: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    nowhere.update(
        PIP_FIND_LINKS="", PIP_EXTRA_INDEX_URL="", HTTPS_PROXY="", HTTP_PROXY="", CXX=sys.executable
    )
    answer = start(checkout, "setup", env=nowhere)
    line = one_clear_line(answer)
    assert "the package registry cannot be reached" in line
    assert "PIP_INDEX_URL" in line
    assert re.search(r"^\[1/\d\] Making the environment .*seconds$", answer.stdout, re.M)
    assert not (checkout / ".venv/share/steelyard/stamps/uv.done").exists()


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("cc1plus: fatal error: No space left on device", "disk is full"),
        ("error: Hash mismatch for `x`", "does not match its locked hash"),
        ("c++: fatal error: Killed signal terminated program cc1plus", "out of memory"),
        ("CMake Error: No CMAKE_CXX_COMPILER could be found.", "compiler does not work"),
        ("something nobody foresaw", "above is the end of"),
    ],
)
def test_failed_command_says_its_cause(run: ModuleType, tmp_path: Path, output: str, cause: str) -> None:
    argv = [sys.executable, "-c", f"print({output!r}); raise SystemExit(3)"]
    with pytest.raises(run.SetUpError, match=cause):
        run.run_logged("Building the engine", argv, tmp_path / "log")


def test_unknown_word_is_wrong_usage(checkout: Path) -> None:
    answer = start(checkout, "stepup")
    assert answer.returncode == 2
    assert "invalid choice: 'stepup'" in answer.stderr


# ---- what is done stays done ----


def test_second_start_does_nothing_and_hands_over_at_once(run: ModuleType, checkout: Path) -> None:
    put_done(run)
    run.PYTHON.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 7\n')
    started = time.monotonic()
    answer = start(checkout, "cli", "--json", "models", "list", env={"PATH": ""})
    assert answer.stdout.split() == ["-P", "-m", "steelyard", "--json", "models", "list"]
    assert answer.returncode == 7
    assert answer.stderr == ""
    assert time.monotonic() - started < 1


def test_changed_lock_file_makes_only_its_step_new(run: ModuleType, checkout: Path) -> None:
    put_done(run)
    assert run.to_do(run.steps(False)) == []
    with open(checkout / "requirements.txt", "a", encoding="utf-8") as handle:
        handle.write("# changed\n")
    assert [step.name for step in run.to_do(run.steps(False))] == ["packages"]


def test_lost_result_makes_its_step_new(run: ModuleType) -> None:
    put_done(run)
    run.SERVER.unlink()
    assert [step.name for step in run.to_do(run.steps(False))] == ["engine"]


def test_moved_environment_is_made_anew_whole(run: ModuleType, checkout: Path, tmp_path: Path) -> None:
    put_done(run)
    moved = tmp_path / "moved"
    shutil.copytree(checkout, moved)
    spec = importlib.util.spec_from_file_location("run_moved", moved / "run.py")
    assert spec is not None
    assert spec.loader is not None
    other = importlib.util.module_from_spec(spec)
    sys.modules["run_moved"] = other
    try:
        spec.loader.exec_module(other)
    finally:
        del sys.modules["run_moved"]
    assert len(other.to_do(other.steps(False))) == len(other.steps(False))


def test_environment_of_another_python_is_made_anew(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    put_done(run)
    monkeypatch.setattr(run, "VERSION", "3.99")
    assert len(run.to_do(run.steps(False))) == len(run.steps(False))


def test_step_that_fails_leaves_no_stamp(run: ModuleType) -> None:
    def fail() -> None:
        raise run.SetUpError("no")

    step = run.Step("engine", "Building", fail, ("requirements-engine.txt",))
    with pytest.raises(run.SetUpError):
        step.run()
    assert step.reads("failed")
    assert not step.reads("done")


def test_killed_install_is_repeated_over_the_pieces(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def note(_what: str, argv: list[object], _log: Path) -> None:
        seen.append([str(word) for word in argv])
        if len(seen) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "run_logged", note)
    with pytest.raises(KeyboardInterrupt):
        run.uv_install("Installing", "requirements.txt")
    run.uv_install("Installing", "requirements.txt")
    run.uv_install("Installing", "requirements.txt")
    assert ["--reinstall" in words for words in seen] == [False, True, False]
    assert all("--require-hashes" in words for words in seen)


def test_cache_first_then_network(run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--offline*) echo "hint: unavailable because the network was disabled"; exit 1;; esac\n'
        f'echo "$*" > {tmp_path}/asked\n'
    )
    uv.chmod(0o755)
    run.VENV.mkdir()
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setattr(run, "UV", uv)
    run.uv_install("Installing", "requirements.txt")
    assert "--require-hashes" in (tmp_path / "asked").read_text()


def test_remade_environment_keeps_locks_and_logs(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(run.VENV, "lib/old", "pyvenv.cfg", "steelyard-setup.lock", "steelyard-setup.log")
    monkeypatch.setattr(run, "run_logged", lambda *_: None)
    run.make_environment()
    assert sorted(path.name for path in run.VENV.iterdir()) == ["steelyard-setup.lock", "steelyard-setup.log"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX process groups")
def test_second_run_waits_and_says_so(run: ModuleType, checkout: Path, tools: Path) -> None:
    touch(tools, "c++")
    base = getattr(sys, "_base_executable", sys.executable)
    with run.only_one("setup"):
        other = subprocess.Popen(
            [base, "run.py", "setup", "--backend", "cpu"],
            cwd=checkout,
            env={**os.environ, "PATH": str(tools), "CXX": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        with other, other.stdout or open(os.devnull) as said:
            lines = [said.readline(), said.readline()]
            other.send_signal(signal.SIGTERM)
            assert other.wait(timeout=10) == 130
    assert "Another run.py is at work here (setup); waiting" in lines[1]


@pytest.mark.skipif(os.name == "nt", reason="POSIX process groups")
def test_interrupted_build_leaves_no_compiler(run: ModuleType, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"sleep 60 & echo $! > {pid_file}; wait"

    def interrupt(*_: object) -> int:
        deadline = time.monotonic() + 5
        while not (pid_file.exists() and pid_file.read_text().strip()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        raise KeyboardInterrupt

    run.watch = interrupt
    with pytest.raises(KeyboardInterrupt):
        run.run_logged("Building", ["/bin/sh", "-c", f"PATH={os.defpath}; {script}"], tmp_path / "log")
    deadline = time.monotonic() + 5
    while is_running(int(pid_file.read_text())):
        assert time.monotonic() < deadline, "the compiler lives on"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """An orphan that ended may stay as a zombie where nobody reaps it."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


# ---- weights ----


def fake_parts(run: ModuleType, monkeypatch: pytest.MonkeyPatch, parts: dict[str, bytes]) -> None:
    def unpack(_what: str, _requirements: str, *options: str) -> None:
        for name, content in parts.items():
            path = Path(options[-1]) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    monkeypatch.setattr(run, "uv_install", unpack)


def test_parts_of_weights_are_joined_in_order(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    fake_parts(run, monkeypatch, {"z/w.gguf.part00": b"one", "a/w.gguf.part01": b"two", "a/README": b"no"})
    target = run.SHARE / "weights" / "w.gguf"
    run.place_weights("r.txt", "*.gguf.part*", target, hashlib.sha256(b"onetwo").hexdigest())
    assert target.read_bytes() == b"onetwo"
    assert [path.name for path in run.SHARE.rglob("*") if path.is_file()] == ["w.gguf"]


def test_altered_weights_are_refused(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_parts(run, monkeypatch, {"w.gguf": b"evil"})
    target = run.SHARE / "weights" / "w.gguf"
    with pytest.raises(run.SetUpError, match="refused"):
        run.place_weights("r.txt", "*.gguf", target, "0" * 64)
    assert not [path for path in run.SHARE.rglob("*") if path.is_file()]


def test_starter_entry_is_whole() -> None:
    import tomllib

    entry = tomllib.loads((ROOT / "models" / "starter.toml").read_text(encoding="utf-8"))
    assert re.fullmatch(r"[0-9a-f]{64}", entry["sha256"])
    assert entry["size_bytes"] > 0
    assert entry["file_name"].endswith(".gguf")
    assert all(entry[key] for key in ("model_name", "description", "quant", "licence", "repo"))
    assert f"{entry['source_package']}==" in (ROOT / "requirements-starter.txt").read_text(encoding="utf-8")


# ---- lock files ----


@pytest.mark.parametrize("path", LOCK_FILES, ids=lambda path: path.name)
def test_lock_file_has_a_hash_for_each_pin_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    pins = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^#.*\n", "", "\n" + text).strip("\n"))
    assert pins
    for pin in pins:
        assert re.match(r"[\w.\-\[\]]+==\S+", pin), pin[:80]
        assert "--hash=sha256:" in pin, pin[:80]


def test_every_lock_file_is_known(run: ModuleType) -> None:
    assert sorted(run.LOCKS) == sorted(path.name for path in LOCK_FILES)


def test_project_dependencies_are_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    dev = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    for wanted, locked in [
        (project["project"]["dependencies"], runtime),
        (project["dependency-groups"]["dev"], dev),
    ]:
        for requirement in wanted:
            name = re.split(r"[<>=!~\[ ]", requirement)[0]
            assert re.search(rf"(?mi)^{re.escape(name)}==", locked), f"{name}: run `python3 run.py lock`"


# ---- backends ----

CUDA = ("usr/local/cuda-13.0/bin/nvcc", "usr/local/cuda-13.0/include/cublas_v2.h", "dev/nvidiactl")
ROCM = (
    "opt/rocm/bin/hipcc",
    "opt/rocm/include/hipblas/hipblas.h",
    "opt/rocm/include/rocblas/rocblas.h",
    "dev/kfd",
)
VULKAN = (
    "usr/include/spirv/unified1/spirv.hpp",
    "usr/lib/x86_64-linux-gnu/libvulkan.so",
    "dev/dri/renderD128",
)


def put_vulkan(run: ModuleType, tools: Path, header: str) -> None:
    touch(tools, "glslc")
    touch(run.SYSTEM, *VULKAN, "usr/include/vulkan/vulkan_core.h")
    (run.SYSTEM / "usr/include/vulkan/vulkan_core.h").write_text(header)


def test_nothing_here_means_cpu(run: ModuleType) -> None:
    name, line = run.choose_automatically()
    assert name == "cpu"
    assert line.startswith("Backend: CPU. No GPU toolkit")


@pytest.mark.parametrize(("name", "files"), [("cuda", CUDA), ("rocm", ROCM)])
def test_whole_toolkit_is_chosen(run: ModuleType, name: str, files: tuple[str, ...]) -> None:
    touch(run.SYSTEM, *files)
    assert run.choose_automatically()[0] == name


@pytest.mark.parametrize("lost", CUDA)
def test_toolkit_that_lacks_a_part_is_not_chosen(run: ModuleType, lost: str) -> None:
    touch(run.SYSTEM, *[name for name in CUDA if name != lost])
    assert run.choose_automatically()[0] == "cpu"


def test_compiler_without_cublas_is_explained(run: ModuleType, tools: Path) -> None:
    touch(tools, "nvcc")
    line = run.choose_automatically()[1]
    assert line.startswith("Backend: CPU. A CUDA compiler (nvcc) is here but not the cuBLAS headers")
    with pytest.raises(
        run.SetUpError, match=r"CUDA .* without the cuBLAS headers\. To fix it, install libcublas-dev"
    ):
        run.choose_as_asked("cuda")


def test_missing_driver_stops_a_choice_but_not_a_wish(run: ModuleType) -> None:
    touch(run.SYSTEM, *CUDA[:2])
    assert run.choose_automatically()[0] == "cpu"
    name, line = run.choose_as_asked("cuda")
    assert name == "cuda"
    assert "It will not run before you install NVIDIA's driver." in line


def test_vulkan_needs_new_headers(run: ModuleType, tools: Path) -> None:
    put_vulkan(run, tools, "#define VK_HEADER_VERSION 239\n")
    assert "Vulkan headers from 1.3.272 on" in run.choose_automatically()[1]
    put_vulkan(run, tools, "#define VK_EXT_layer_settings 1\n")
    assert run.choose_automatically()[0] == "vulkan"


def test_named_sdk_goes_before_the_system(
    run: ModuleType, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_vulkan(run, tools, "#define VK_HEADER_VERSION 239\n")
    touch(tmp_path, "sdk/include/vulkan/vulkan_core.h")
    (tmp_path / "sdk/include/vulkan/vulkan_core.h").write_text("#define VK_EXT_layer_settings 1\n")
    monkeypatch.setenv("VULKAN_SDK", str(tmp_path / "sdk"))
    assert run.choose_automatically()[0] == "vulkan"


def test_loader_without_development_name_is_handed_to_cmake(run: ModuleType, tools: Path) -> None:
    put_vulkan(run, tools, "")
    assert "Vulkan_LIBRARY" not in run.gpu_settings("vulkan")
    library = run.SYSTEM / "usr/lib/x86_64-linux-gnu/libvulkan.so"
    library.rename(library.with_name("libvulkan.so.1"))
    assert run.gpu_settings("vulkan")["Vulkan_LIBRARY"].endswith("libvulkan.so.1")


def test_cuda_is_built_for_the_gpus_that_are_here(
    run: ModuleType, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(run.SYSTEM, *CUDA)
    settings = run.gpu_settings("cuda")
    assert settings["GGML_CUDA"] == "ON"
    assert settings["GGML_BACKEND_DL"] == "ON"
    assert settings["CMAKE_CUDA_COMPILER"].endswith("cuda-13.0/bin/nvcc")
    assert "CMAKE_CUDA_ARCHITECTURES" not in settings
    (tools / "nvidia-smi").write_text("#!/bin/sh\necho 8.9\necho 9.0\necho 8.9\n")
    (tools / "nvidia-smi").chmod(0o755)
    assert run.gpu_settings("cuda")["CMAKE_CUDA_ARCHITECTURES"] == "89;90"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rocm", "To fix it, install AMD's ROCm"),
        ("vulkan", "cannot be built without a shader compiler"),
        ("metal", "exists on macOS only"),
    ],
)
def test_backend_asked_for_in_vain(run: ModuleType, name: str, says: str) -> None:
    with pytest.raises(run.SetUpError, match=says):
        run.choose_as_asked(name)


@pytest.mark.skipif(sys.platform == "darwin", reason="Metal is there")
def test_backend_asked_for_in_vain_ends_before_set_up(checkout: Path) -> None:
    line = one_clear_line(start(checkout, "--backend", "metal"))
    assert "macOS only" in line
    assert not (checkout / ".venv").exists()


def test_backend_drops_in_whole(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    put_done(run)
    asked: list[str] = []

    def build(_what: str, options: list[object], _log: Path) -> None:
        asked.extend([Path(str(options[-1])).read_text(), *map(str, options)])
        touch(Path(asked[asked.index("--target") + 1]) / "bin", "libggml-vulkan.so", "libggml-base.so")

    put_vulkan(run, Path(os.environ["PATH"]), "#define VK_EXT_layer_settings 1\n")
    monkeypatch.setattr(run, "uv_run", build)
    monkeypatch.setattr(run, "check_compiler", lambda: None)
    run.build_backend("vulkan")
    assert run.backend_path("vulkan").exists()
    assert run.backend_step("vulkan").is_done()
    assert not (run.ENGINE_BIN / "libggml-base.so").exists()
    assert re.findall(r"(?m)^\S+==", asked[0]) == ["llama-cpp-python=="]
    assert f"{run.ENGINE_PACKAGE}:cmake.define.GGML_VULKAN=ON" in asked
    assert not list(run.SHARE.glob("gpu-tmp-*"))


def test_backend_is_built_behind_once_and_a_failure_is_not_repeated(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_done(run)
    touch(run.SYSTEM, *CUDA)
    started: list[str] = []
    monkeypatch.setattr(run, "build_behind", started.append)
    monkeypatch.setattr(run, "_talk_to", sys.stdout)
    run.prepare("auto", behind=True, dev=False)
    assert started == ["cuda"]
    step = run.backend_step("cuda")
    step.leave("failed", run.digest_of(step.files, step.settings))
    run.prepare("auto", behind=True, dev=False)
    assert started == ["cuda"]
    assert "Its build failed" in capsys.readouterr().out


def test_new_engine_drops_the_backends_of_the_old(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    put_done(run)
    touch(run.ENGINE_BIN, "libggml-cuda.so")
    run.SERVER.write_text("#!/bin/sh\nexit 0\n")
    monkeypatch.setattr(run, "run_logged", lambda *_: None)
    run.build_engine()
    assert not (run.ENGINE_BIN / "libggml-cuda.so").exists()


def test_engine_that_does_not_start_is_an_error(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    put_done(run)
    run.SERVER.write_text("#!/bin/sh\necho 'libfoo.so: not found' >&2\nexit 127\n")
    monkeypatch.setattr(run, "run_logged", lambda *_: None)
    with pytest.raises(run.SetUpError, match=r"does not start \(libfoo\.so: not found\)"):
        run.build_engine()


# ---- checks ----


def test_every_check_runs_and_one_failure_fails_the_whole(run: ModuleType, checkout: Path) -> None:
    put_done(run, dev=True)
    for name in ("ruff", "basedpyright", "lint-imports", "pytest"):
        code = 1 if name == "basedpyright" else 0
        touch(run.BIN, name)
        (run.BIN / name).write_text(f'#!/bin/sh\necho "{name} $* $QT_QPA_PLATFORM"\nexit {code}\n')
    answer = start(checkout, "test", "--", "-k", "word", env={"QT_QPA_PLATFORM": "offscreen"})
    assert answer.returncode == 1
    assert "ruff format --check ." in answer.stdout
    assert "pytest -k word offscreen" in answer.stdout
    assert re.search(
        r"== format ok \(\d+ s\), lint ok .*, types FAILED .*, imports ok .*, tests ok",
        answer.stdout.splitlines()[-1],
    )


def test_engine_settings_hold_nothing_of_this_folder(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They key uv's cache: a clone in another folder must find the engine that is built already."""
    asked: list[str] = []
    monkeypatch.setattr(run, "uv_run", lambda _what, options, _log: asked.extend(map(str, options)))
    put_done(run)
    run.compile_engine("Building", run.ENGINE_SETTINGS, [], run.LOG)
    settings = [word for word in asked if "cmake.define." in word]
    assert len(settings) == len(run.ENGINE_SETTINGS)
    assert str(run.ROOT) not in " ".join(settings)
    assert "--reinstall" not in asked


def test_engine_and_its_needs_are_locked_apart(run: ModuleType) -> None:
    run.SHARE.mkdir(parents=True)
    itself = run.engine_lock(itself=True).read_text(encoding="utf-8")
    needs = run.engine_lock(itself=False).read_text(encoding="utf-8")
    assert re.findall(r"(?m)^[\w-]+==", itself) == ["llama-cpp-python=="]
    assert "--hash=sha256:" in itself
    whole = (ROOT / "requirements-engine.txt").read_text(encoding="utf-8")
    assert sorted(re.findall(r"(?m)^\S+==.*", itself + needs)) == sorted(re.findall(r"(?m)^\S+==.*", whole))


# ---- a GPU made of software ----


def test_software_gpu_tells_what_to_install(
    run: ModuleType, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(run.SetUpError, match=r"knows Debian only\. Install Mesa's software Vulkan driver"):
        run.install_soft_packages()
    touch(tools, "apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(run.SetUpError, match="sudo apt-get install mesa-vulkan-drivers glslc libvulkan1"):
        run.install_soft_packages()
    touch(tools, "glslc")
    touch(run.SYSTEM, "usr/lib/x86_64-linux-gnu/libvulkan.so.1", "usr/share/vulkan/icd.d/lvp_icd.x86_64.json")
    run.install_soft_packages()


def test_software_gpu_headers_come_from_the_machines_own_archive(
    run: ModuleType, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources: list[str] = []
    unpacked: list[str] = []

    def carry_out(_what: str, argv: list[object], _log: Path, cwd: Path = tmp_path) -> None:
        if "update" in argv:
            parts = next(str(word) for word in argv if "SourceParts" in str(word)).partition("=")[2]
            sources.extend(path.read_text() for path in Path(parts).glob("*.sources"))
        elif "download" in argv:
            touch(cwd, *(f"{name}_1.deb" for name in run.SOFT_HEADERS))
        else:
            unpacked.append(Path(str(argv[2])).name)

    run.SHARE.mkdir(parents=True)
    monkeypatch.setattr(run, "run_logged", carry_out)
    (tools / "apt-get").write_text("#!/bin/sh\necho 'Debian Debian-Security http://a.example/security/'\n")
    (tools / "apt-get").chmod(0o755)
    with pytest.raises(run.SetUpError, match="apt-get update"):
        run.fetch_soft_headers(tmp_path / "headers")
    with (tools / "apt-get").open("a") as script:
        script.write("echo 'Debian Debian http://a.example/debian/'\n")
    run.fetch_soft_headers(tmp_path / "headers")
    assert sources == ["Types: deb\nURIs: http://a.example/debian/\nSuites: trixie\nComponents: main\n"]
    assert unpacked == ["libvulkan-dev_1.deb", "spirv-headers_1.deb"]


def test_software_gpu_leaves_the_engine_as_it_is(
    run: ModuleType, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(run.ENGINE_BIN, "llama-server", "libggml-vulkan.so")
    touch(run.ENGINE_BIN.parent / "lib", "libllama.so")
    (run.ENGINE_BIN / "libggml-vulkan.so").write_text("the user's own")
    put_vulkan(run, tools, "#define VK_EXT_layer_settings 1\n")
    monkeypatch.setattr(run, "drop_in_backend", lambda _name, target: target.write_text("for tests"))
    monkeypatch.setattr(run, "run_logged", lambda *_: run.SOFT_PYTHON.parent.mkdir(parents=True))
    run.make_soft_environment()
    (copy,) = run.SOFT.glob("env/lib/*/site-packages/bin")
    assert sorted(path.name for path in copy.iterdir()) == ["libggml-vulkan.so", "llama-server"]
    assert (copy / "libggml-vulkan.so").read_text() == "for tests"
    assert (run.ENGINE_BIN / "libggml-vulkan.so").read_text() == "the user's own"
    assert (copy / "llama-server").samefile(run.ENGINE_BIN / "llama-server")


@pytest.mark.parametrize(
    ("words", "pytest_words"),
    [([], ["-n", "2"]), (["--", "tests/core/test_fit.py", "-x"], ["tests/core/test_fit.py", "-x"])],
)
def test_tests_get_the_words_behind_the_dashes(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, words: list[str], pytest_words: list[str]
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(run, "set_up", lambda dev: None)
    monkeypatch.setattr(run.subprocess, "call", lambda argv, **_: called.append(argv) or 0)
    monkeypatch.setattr(run, "_talk_to", sys.stdout)
    assert run.dispatch(["test", *words]) == 0
    assert called[-1][1:] == pytest_words
