"""What only a GPU can show, on one made of software with 2,048 MiB: `python3 run.py test --gpu-soft`.

Slow and real: about five tokens of a prompt and two of an answer a second.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from e2e.harness import Cli, llama_server, servers_under, starter_file
from steelyard.core.control.owner import OwnedEngine
from steelyard.core.values import commands as c

from .rig import CHOSEN, Host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from steelyard.core.base.paths import Home


@pytest.fixture(scope="session", autouse=True)
def _software_gpu_is_there() -> None:
    words = [str(llama_server()), "--list-devices"]
    said = subprocess.run(words, env=CHOSEN, capture_output=True, check=False).stdout.decode()
    if "Vulkan0" not in said:
        pytest.fail(
            f"the engine of {llama_server().parent} sees no software GPU; run.py test --gpu-soft has one"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(module_home: Home) -> AsyncIterator[Host]:
    owned = OwnedEngine(module_home, "command")
    await owned.start()
    cli = Cli(module_home.root, module_home.runtime_folder().parent, dict(CHOSEN))
    yield Host(owned, cli)
    await owned.stop(12)
    assert servers_under(cli.runtime) == []


@pytest_asyncio.fixture(loop_scope="module")
async def host(engine: Host) -> Host:
    """The same engine without servers and with the settings above."""
    for row in await engine.do(c.ListServers(with_ended=True)):
        await engine.do(c.StopServer(name=row.name))
        await engine.do(c.ForgetServer(name=row.name))
    await engine.use()
    return engine


@pytest.fixture
def cli(short_folder: Path, tmp_path: Path) -> Iterator[Cli]:
    """A command line on a home of its own."""
    home, runtime = short_folder / f"{tmp_path.name[:20]}-home", short_folder / f"{tmp_path.name[:20]}-run"
    for folder in (home, runtime):
        folder.mkdir(mode=0o700)
    (home / "settings.toml").write_text(
        "[servers]\nthreads = 1\ncontext_tokens = 2048\ngenerate_stall_s = 120.0\n"
    )
    yield Cli(home, runtime, dict(CHOSEN))
    assert servers_under(runtime) == []
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The starter once more, under another name: two sets of weights for one device."""
    path = tmp_path_factory.mktemp("twin") / "twin.gguf"
    shutil.copyfile(starter_file(), path)
    return str(path)
