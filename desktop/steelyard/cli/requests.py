"""From parsed words to commands. Files and relative paths belong to the asking process and are read here."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli import prompt_files
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import user_path
from steelyard.core.hub.names import looks_like_path
from steelyard.core.values import commands as c
from steelyard.core.values.fit import FitWish
from steelyard.core.values.profiles import LaunchProfile
from steelyard.core.values.prompt import Sampling
from steelyard.core.values.targets import ApiPrices, ApiTarget

if TYPE_CHECKING:
    import argparse

    from steelyard.core.base.paths import Home

_HUB_VARIABLES = ("HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_MAX_PROMPT_BYTES = 64 << 20
_MAX_FILE_BYTES = 4 << 20
_MAX_TABLE_BYTES = 16 << 20


def run_request(words: argparse.Namespace, home: Home) -> c.StartRun:
    """`run`."""
    prompt = _stdin_text() if words.prompt == "-" else words.prompt
    return c.StartRun(target=_absolute(words.target), prompt=_asked(prompt), **_prompt_options(words, home))


def compare_request(words: argparse.Namespace, home: Home) -> c.StartComparison:
    """`compare`."""
    prompt = words.prompt
    if words.prompt_file is not None:
        prompt = _read(words.prompt_file, _MAX_PROMPT_BYTES).decode("utf-8", "replace")
    return c.StartComparison(
        cases=_cases(words.vars, prompt),
        targets=[_absolute(name) for name in words.targets],
        prompt=_asked(prompt),
        schedule=words.schedule,
        repeat=words.repeat,
        warm_up=words.warm_up,
        **_prompt_options(words, home),
    )


def stored_request(words: argparse.Namespace, home: Home) -> c.Command:
    """`compare export|replay|resume|list|show|rm|votes`; a picture is painted from the JSON export."""
    match words.action:
        case "export":
            return c.ExportComparison(id=words.id, format="json" if words.format == "png" else words.format)
        case "replay":
            keys = key_environment(home)
            return c.ReplayComparison(
                id=words.id, local_only=words.local_only, route="command", environment=keys
            )
        case "resume":
            return c.ResumeComparison(id=words.id, route="command", environment=key_environment(home))
        case "list":
            return c.ListComparisons(
                limit=words.limit, query=words.search, tag=words.tag, only_starred=words.starred
            )
        case "show":
            return c.ReadComparison(id=words.id)
        case "rm":
            return c.RemoveComparison(id=words.id)
        case _:
            from steelyard.cli.votes import votes_request

            return votes_request(words.id)


def add_request(words: argparse.Namespace) -> c.AddTarget:
    """`targets add`."""
    own = [words.price_in, words.price_out, words.price_cached, words.price_cache_write]
    if words.price_like is not None and any(price is not None for price in own):
        raise UsageError(
            "Two kinds of price were given", hint="Use --price-like or --price-in and --price-out."
        )
    prices = None
    if any(price is not None for price in own):
        if words.price_in is None or words.price_out is None:
            raise UsageError("A price is missing", hint="Give both --price-in and --price-out.")
        prices = ApiPrices(
            input=words.price_in,
            output=words.price_out,
            cached=words.price_cached,
            cache_write=words.price_cache_write,
        )
    return c.AddTarget(
        target=ApiTarget(
            name=words.name,
            url=words.url,
            model=words.model,
            format=words.format,
            key_env=words.key_env,
            prices=prices,
            price_like=words.price_like,
        )
    )


def key_request(words: argparse.Namespace) -> c.StoreKey:
    """`targets key`: the key comes from stdin, never from the command line."""
    if sys.stdin.isatty():
        import getpass

        return c.StoreKey(target=words.name, key=getpass.getpass(f"Key for {words.name}: "))
    return c.StoreKey(target=words.name, key=_stdin_text().strip())


def list_weights_request(words: argparse.Namespace) -> c.ListWeights:
    """`models list`."""
    missing = [path for path in words.paths if not os.path.exists(user_path(path))]
    if missing:
        raise AppError("No such file or folder", ", ".join(missing), "Check the path.")
    return c.ListWeights(paths=[str(user_path(path)) for path in words.paths])


def models_request(words: argparse.Namespace) -> c.Command:
    """`models …`, all but `list`."""
    environment = hub_environment()
    match words.action:
        case "search":
            return c.SearchHub(query=words.query, sort=words.sort, limit=words.limit, environment=environment)
        case "files":
            return c.ReadRepo(name=words.repo, revision=words.revision, environment=environment)
        case "fit":
            wish = FitWish(ctx=words.ctx, parallel=words.parallel, kv_type=words.kv_type)
            return c.FitWeights(name=_absolute(words.name), wish=wish, environment=environment)
        case "pull":
            return c.PullWeights(name=words.name, environment=environment)
        case "verify":
            if bool(words.names) == words.is_all:
                raise UsageError("Wrong usage", "give names, or --all", "See `models list`.")
            return c.VerifyWeights(names=[_absolute(name) for name in words.names])
        case "import":
            return c.AddWeights(path=str(user_path(words.path)))
        case _:
            return c.RemoveWeights(name=_absolute(words.name))


def bench_request(words: argparse.Namespace) -> c.StartBench:
    """`bench`."""
    try:
        parallel = [int(part) for part in words.parallel.split(",")]
    except ValueError as exc:
        raise UsageError(
            "Wrong usage", f"{words.parallel!r} is no list of numbers", "Write --parallel 1,2,4,8."
        ) from exc
    return c.StartBench(target=_absolute(words.name), parallel=parallel, profile=_profile(words.profile))


def tune_request(words: argparse.Namespace) -> c.StartTune:
    """`tune`."""
    return c.StartTune(target=_absolute(words.name), budget_s=words.budget_s, quants=not words.no_quants)


def gateway_request(words: argparse.Namespace) -> c.Command:
    """`gateway keys …`."""
    match words.action:
        case "add":
            return c.AddGatewayKey(name=words.name)
        case "revoke":
            return c.RevokeGatewayKey(name=words.name)
        case _:
            return c.ReadGateway()


def serve_request(words: argparse.Namespace) -> c.OpenGateway:
    """`serve`."""
    return c.OpenGateway(
        port=words.port, targets=[_absolute(name) for name in words.names], profile=_profile(words.profile)
    )


def hub_environment() -> dict[str, str]:
    """What this process's environment says about the hub; it goes with the request, kept nowhere."""
    return {name: os.environ[name] for name in _HUB_VARIABLES if os.environ.get(name, "").strip()}


def settings_notices(home: Home) -> list[str]:
    """What is wrong with the settings file; every command says it, since targets seem to be gone then."""
    from steelyard.core.store.settings import SettingsStore

    store = SettingsStore(home.settings)
    store.load()
    return store.notices


def key_environment(home: Home) -> dict[str, str]:
    """Values of the variables that configured targets read their keys from, as this process sees them."""
    from steelyard.core.store.settings import SettingsStore

    store = SettingsStore(home.settings)
    store.load()
    names = {target.key_env for target in store.current.targets if target.key_env}
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _prompt_options(words: argparse.Namespace, home: Home) -> dict[str, Any]:
    return {
        "system": words.system,
        "attachments": prompt_files.attachments_of(words.attached),
        "sampling": _sampling(words),
        "class_": words.class_,
        "tags": dict(_tag(text) for text in words.tags),
        "allow_unverified": words.allow_unverified,
        "profile": _profile(words.profile),
        "route": "command",
        "environment": key_environment(home),
    }


def _sampling(words: argparse.Namespace) -> Sampling:
    grammar, tools = words.grammar, words.tools
    sampling = Sampling(
        max_tokens=words.max_tokens,
        temperature=words.temperature,
        top_p=words.top_p,
        seed=words.seed,
        json_schema=_schema(words.json_schema),
        grammar=None if grammar is None else prompt_files.text_of(grammar, _read(grammar, _MAX_FILE_BYTES)),
        tools=[] if tools is None else prompt_files.tools_of(tools, _read(tools, _MAX_FILE_BYTES)),
        tool_choice=words.tool_choice,
    )
    return prompt_files.checked(sampling)


def _cases(path: str | None, prompt: str) -> list[dict[str, str]]:
    if path is None:
        return []
    data = _stdin_bytes("table") if path == "-" else _read(path, _MAX_TABLE_BYTES)
    return prompt_files.cases_of("stdin" if path == "-" else path, data, prompt)


def _absolute(name: str) -> str:
    return str(user_path(name)) if looks_like_path(name) else name


def _asked(prompt: str) -> str:
    if not prompt.strip():
        raise UsageError("The prompt is empty", hint="Give it as an argument, or on stdin with -.")
    # Lone surrogates, which a terminal can pass in, are no text for SQLite or JSON.
    return prompt.encode("utf-8", "replace").decode("utf-8")


def _stdin_text() -> str:
    return _stdin_bytes("prompt").decode("utf-8", "replace")


def _stdin_bytes(what: str) -> bytes:
    data = sys.stdin.buffer.read(_MAX_PROMPT_BYTES + 1)
    if len(data) > _MAX_PROMPT_BYTES:
        raise UsageError(f"The {what} is too large", f"over {_MAX_PROMPT_BYTES >> 20} MiB")
    return data


def _read(path: str, limit: int) -> bytes:
    try:
        with user_path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as exc:
        raise UsageError("A file cannot be read", f"{path}: {exc.strerror}", "Check the path.") from exc
    if len(data) > limit:
        raise UsageError("A file is too large", f"{path}: over {limit >> 20} MiB")
    return data


def _schema(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        schema = msgspec.json.decode(_read(path, _MAX_FILE_BYTES))
    except (msgspec.DecodeError, RecursionError) as exc:
        raise UsageError("Not a JSON schema", f"{path}: {exc}", "Give a file with one JSON object.") from exc
    if not isinstance(schema, dict):
        raise UsageError("Not a JSON schema", f"{path} holds no object", "Give a file with one JSON object.")
    return schema


def _profile(path: str | None) -> LaunchProfile:
    if path is None:
        return LaunchProfile()
    from steelyard.core.store.profiles import parse_profile  # most commands need no TOML writer

    data = _read(path, _MAX_FILE_BYTES)
    try:
        return parse_profile(data.decode("utf-8-sig")).profile
    except UnicodeDecodeError as exc:
        raise UsageError("Not a launch profile", f"{path}: {exc}", "Give a TOML file.") from exc
    except AppError as exc:
        raise UsageError(exc.title, f"{path}: {exc.detail}", exc.hint) from exc


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError("Not a tag", repr(text), "Write --tag KEY=VALUE.")
    return key, value
