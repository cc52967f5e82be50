"""From the words of `models`, `bench`, `tune`, `serve` and `gateway` to commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from steelyard.cli.inputs import absolute, hub_environment, profile_of
from steelyard.core.base.errors import AppError, UsageError
from steelyard.core.base.paths import user_path
from steelyard.core.values import commands as c
from steelyard.core.values.fit import FitWish

if TYPE_CHECKING:
    import argparse


def models_request(words: argparse.Namespace) -> c.Command:
    """`models …`."""
    environment = hub_environment()
    match words.action:
        case "search":
            return c.SearchHub(query=words.query, sort=words.sort, limit=words.limit, environment=environment)
        case "files":
            return c.ReadRepo(name=words.repo, revision=words.revision, environment=environment)
        case "fit":
            wish = FitWish(ctx=words.ctx, parallel=words.parallel, kv_type=words.kv_type)
            return c.FitWeights(name=absolute(words.name), wish=wish, environment=environment)
        case "pull":
            return c.PullWeights(name=words.name, environment=environment)
        case "list":
            return _list_request(words)
        case "verify":
            if bool(words.names) == words.is_all:
                raise UsageError("Wrong usage", "give names, or --all", "See `models list`.")
            return c.VerifyWeights(names=[absolute(name) for name in words.names])
        case "import":
            return c.AddWeights(path=str(user_path(words.path)))
        case _:
            return c.RemoveWeights(name=absolute(words.name))


def _list_request(words: argparse.Namespace) -> c.ListWeights:
    missing = [path for path in words.paths if not os.path.exists(user_path(path))]
    if missing:
        raise AppError("No such file or folder", ", ".join(missing), "Check the path.")
    return c.ListWeights(paths=[str(user_path(path)) for path in words.paths])


def bench_request(words: argparse.Namespace) -> c.StartBench:
    """`bench`."""
    try:
        parallel = [int(part) for part in words.parallel.split(",")]
    except ValueError as exc:
        raise UsageError(
            "Wrong usage", f"{words.parallel!r} is no list of numbers", "Write --parallel 1,2,4,8."
        ) from exc
    return c.StartBench(target=absolute(words.name), parallel=parallel, profile=profile_of(words.profile))


def tune_request(words: argparse.Namespace) -> c.StartTune:
    """`tune`."""
    return c.StartTune(target=absolute(words.name), budget_s=words.budget_s, quants=not words.no_quants)


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
        port=words.port, targets=[absolute(name) for name in words.names], profile=profile_of(words.profile)
    )
