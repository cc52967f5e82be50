"""Parses, asks the engine, prints. Exit 0 = all done, 1 = something failed, 2 = wrong usage."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from typing import TYPE_CHECKING, Any

import msgspec

from steelyard.cli import prompt_requests, requests, show
from steelyard.cli.inputs import settings_notices
from steelyard.cli.output import OutputLost, Printer, say
from steelyard.cli.parser import parse_words
from steelyard.core.base.errors import AppError, UsageError, one_line
from steelyard.core.base.paths import find_home
from steelyard.core.base.redaction import redact
from steelyard.core.values import commands as c
from steelyard.core.values.run import ErrorInfo, Run, error_info, run_document
from steelyard.core.values.servers import ServerRow

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from steelyard.cli.options import Common
    from steelyard.core.base.paths import Home
    from steelyard.core.values.comparison import Comparison

_FAILED, _USAGE, _INTERRUPTED = 1, 2, 130


class _Failed(Exception):
    """A document was printed, and it tells of a failure."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.title)
        self.error = error


def run_command_line(common: Common, words: list[str]) -> int:
    """Carry out one command line; returns the exit code."""
    printer = Printer(common.is_json)
    try:
        if common.lacks_home_value:
            raise UsageError("Wrong usage", "--home needs a folder")
        parsed = parse_words(words)
        home = find_home(common.home)
        _log_to(home)
        for notice in settings_notices(home):
            say(f"steelyard: {redact(one_line(notice))}")
        asyncio.run(_until_signal(_dispatch(parsed, home, printer)))
    except _Failed as exc:
        return printer.fail(exc.error, _FAILED)
    except UsageError as exc:
        return printer.fail(error_info(exc), _USAGE)
    except AppError as exc:
        return printer.fail(error_info(exc), _FAILED)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return printer.fail(
            ErrorInfo(title="Stopped", detail="on request", hint="", retryable=True), _INTERRUPTED
        )
    except Exception as exc:
        logging.getLogger("steelyard.cli").exception("command line failed")
        bug = ErrorInfo(
            title="Something went wrong inside Steelyard",
            detail=redact(repr(exc)),
            hint="The log in the home folder has the details.",
            retryable=False,
        )
        return printer.fail(bug, _FAILED)
    return 0


async def _until_signal(work: Any) -> None:
    """SIGTERM ends a command as Ctrl+C does: children stopped, ledger closed."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, task.cancel)
        except NotImplementedError:  # Windows: Ctrl+C arrives as KeyboardInterrupt
            break
    await task


async def _dispatch(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    match words.command:
        case "run":
            await _run(words, home, printer)
        case "compare" if words.action is not None:
            await _stored(words, home, printer)
        case "compare":
            await _compare(words, home, printer)
        case "targets":
            await _targets(words, home, printer)
        case "models":
            await _models(words, home, printer)
        case "bench" | "tune":
            await _bench(words, home, printer)
        case "serve":
            from steelyard.cli.serve import serve

            await serve(requests.serve_request(words), home, printer)
        case "gateway":
            await _gateway_keys(words, home, printer)
        case "costs" | "decide":
            await _costs(words, home, printer)
        case _:
            await (_ps if words.command == "ps" else _doctor)(home, printer)


async def _run(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    follow = show.Follower(shows_text=not printer.is_json)

    def done(plain: Any) -> None:
        run = msgspec.convert(plain, Run)
        printer.document({"run": run_document(run)}, lambda: show.show_run(run))
        if run.error is not None:
            raise _Failed(run.error)

    def stopped() -> None:
        if follow.runs:
            (run,) = follow.runs
            printer.document({"run": run_document(run)}, lambda: show.show_run(run))

    await _ask(home, prompt_requests.run_request(words, home), done, follow, stopped)


async def _compare(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    from steelyard.cli import compare

    def done(plain: Any) -> None:
        if (failure := compare.show_result(plain, printer)) is not None:
            raise _Failed(failure)

    follow = show.Follower(shows_text=False)
    request = prompt_requests.compare_request(words, home)

    def stopped() -> None:
        comparison = _so_far(follow, request)
        if comparison is not None:
            compare.show_result(msgspec.to_builtins(comparison), printer)

    await _ask(home, request, done, follow, stopped)


async def _stored(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    from steelyard.cli import compare

    compare.settle_format(words)

    def done(plain: Any) -> None:
        if (failure := compare.show_stored(words, plain, printer)) is not None:
            raise _Failed(failure)

    await _ask(home, prompt_requests.stored_request(words, home), done)


def _so_far(follow: show.Follower, request: c.StartComparison) -> Comparison | None:
    """What a stopped comparison has: the runs that began, each with what had arrived."""
    if follow.comparison_id is None:
        return None
    from steelyard.core.compare.concluding import conclude

    return conclude(follow.comparison_id, request.schedule, follow.runs)


async def _targets(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    from steelyard.cli import targets

    def done(plain: Any) -> None:
        if (failure := targets.show_result(words, plain, printer)) is not None:
            raise _Failed(failure)

    await _ask(home, targets.request(words, home), done)


async def _models(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    from steelyard.cli import models

    follow = show.Follower(shows_text=False)

    def done(plain: Any) -> None:
        failure = models.show_result(words.action, plain, printer)
        if failure is not None:
            raise _Failed(failure)

    await _ask(home, requests.models_request(words), done, follow)


async def _bench(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    from steelyard.cli import bench

    if words.command == "bench":
        command, done = requests.bench_request(words), bench.show_bench
    else:
        command, done = requests.tune_request(words), bench.show_tune
    await _ask(home, command, lambda plain: done(plain, printer), bench.BenchFollower())


async def _gateway_keys(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    from steelyard.cli import serve

    await _ask(home, requests.gateway_request(words), lambda plain: serve.show_keys(words, plain, printer))


async def _costs(words: argparse.Namespace, home: Home, printer: Printer) -> None:
    async def ask(command: c.Command) -> Any:
        answers: list[Any] = []
        await _ask(home, command, answers.append)
        return answers[0]

    if words.command == "costs":
        from steelyard.cli.costs import run_costs

        await run_costs(words, printer, ask)
    else:
        from steelyard.cli.decide import run_decide

        await run_decide(words, printer, ask)


async def _ps(home: Home, printer: Printer) -> None:
    from steelyard.core.control.session import ask_owner

    found = await ask_owner(home, c.ListServers())
    owner, plain = found if found else (None, [])
    rows = msgspec.convert(plain, list[ServerRow])
    cells = [
        [row.name, row.pid, row.state, row.ctx, f"{row.slots_busy}/{row.slots}", row.measured_bytes]
        for row in rows
    ]

    def text() -> None:
        print(f"owner: {owner or 'nobody'}")
        if rows:
            show.show_table(["NAME", "PID", "STATE", "CONTEXT", "BUSY", "BYTES"], cells)

    printer.document({"owner": owner, "servers": plain}, text)


async def _doctor(home: Home, printer: Printer) -> None:
    await _ask(
        home,
        c.Diagnose(),
        lambda document: printer.document(document, lambda: show.show_diagnosis(document)),
    )


async def _ask(
    home: Home,
    command: c.Command,
    done: Callable[[Any], None],
    follow: show.Follower | None = None,
    stopped: Callable[[], None] = lambda: None,
) -> None:
    """`done` gets the result; `stopped` is called when the command is stopped before there is one."""
    from steelyard.core.control.session import session

    follow = follow or show.Follower(shows_text=False)
    async with session(home) as current:
        for notice in current.notices:
            say(f"steelyard: {one_line(notice)}")
        work = asyncio.create_task(current.execute(command, follow))
        follow.on_lost = work.cancel
        try:
            result = await work
        except asyncio.CancelledError:
            if follow.output_lost is not None:
                raise follow.output_lost from None
            with contextlib.suppress(OutputLost):
                stopped()
            raise
        done(result)


def _log_to(home: Home) -> None:
    from steelyard.core.store.logfile import open_log

    open_log(home, logging.INFO)
