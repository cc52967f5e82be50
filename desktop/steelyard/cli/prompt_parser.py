"""Words and options of `run` and `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steelyard.cli.parsing import Parser, count, number
from steelyard.core.values.prompt import DEFAULT_MAX_TOKENS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

EXPORT_FORMATS = ("md", "json", "csv", "html", "png")
STORED_WORDS = {
    "list": "comparisons that are kept, newest first",
    "show": "one with all its answers",
    "export": "as Markdown, JSON, CSV, HTML or a picture",
    "replay": "run its first turn again, and tell why an answer is not the same",
    "resume": "run what a crash or a stop left out",
    "rm": "delete its texts; figures and costs stay in the ledger",
    "votes": "what blind votes say",
}


def add_run(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """`run`."""
    run = commands.add_parser("run", help="one prompt to one target", allow_abbrev=False)
    run.add_argument("target", metavar="TARGET", help="starter, a configured API, or a path to a GGUF file")
    run.add_argument("prompt", metavar="PROMPT", nargs="?", help="the prompt; - or nothing reads stdin")
    _add_prompt_options(run)


def add_compare(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """`compare` with a prompt."""
    compare = commands.add_parser(
        "compare",
        help="one prompt to several targets; comparisons that are kept",
        epilog=f"Kept ones: {', '.join(STORED_WORDS)}; see `steelyard compare export --help`.",
        allow_abbrev=False,
    )
    compare.set_defaults(action=None)
    compare.add_argument("--target", action="append", required=True, metavar="NAME", dest="targets")
    source = compare.add_mutually_exclusive_group(required=True)
    source.add_argument("--prompt", metavar="TEXT")
    source.add_argument("--prompt-file", metavar="FILE")
    compare.add_argument("--schedule", choices=["model-by-model", "concurrent"], default="model-by-model")
    compare.add_argument("--repeat", type=count(1, 1000), default=1, metavar="N")
    compare.add_argument("--warm-up", type=count(0, 100), default=1, metavar="N")
    compare.add_argument(
        "--vars",
        metavar="FILE",
        help="table (CSV, TSV) whose rows fill the {variables} of the prompt; - reads stdin",
    )
    _add_prompt_options(compare)


def stored_parser() -> Parser:
    """What follows `compare` where it is about comparisons that are kept: they need no target."""
    parser = Parser(prog="steelyard compare", allow_abbrev=False)
    parser.set_defaults(command="compare")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    for name, about in STORED_WORDS.items():
        _STORED_OPTIONS[name](actions.add_parser(name, help=about, description=about, allow_abbrev=False))
    return parser


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="as `steelyard compare list` shows it")


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("--format", choices=EXPORT_FORMATS, help="else the ending of --out, else md")
    parser.add_argument("--out", metavar="FILE", help="else stdout; a png needs it")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("--local-only", action="store_true", help="leave the APIs out: no money is spent")


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--search", default="", metavar="WORDS", help="in titles, prompts and answers")
    parser.add_argument("--tag", default="", metavar="TAG")
    parser.add_argument("--starred", action="store_true")
    parser.add_argument("--limit", type=count(1, 10_000), default=200, metavar="N")


def _add_votes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="BALLOT", nargs="?", help="a series of blind votes; else all of them")


_STORED_OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "export": _add_export,
    "replay": _add_replay,
    "list": _add_list,
    "votes": _add_votes,
    "resume": _add_id,
    "show": _add_id,
    "rm": _add_id,
}


def _add_prompt_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system", default="", metavar="TEXT")
    parser.add_argument("--max-tokens", type=count(1, 1 << 24), default=DEFAULT_MAX_TOKENS, metavar="N")
    parser.add_argument("--temperature", type=number(0, 10), metavar="T")
    parser.add_argument("--top-p", type=number(0, 1), metavar="P")
    parser.add_argument("--seed", type=count(0, (1 << 32) - 1), metavar="N")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json-schema", metavar="FILE", help="hold the answer to this JSON schema")
    form.add_argument(
        "--grammar", metavar="FILE", help="hold the answers of local servers to this grammar (GBNF)"
    )
    parser.add_argument("--tools", metavar="FILE", help="JSON array of tools that may be called; none is run")
    parser.add_argument("--tool-choice", choices=["auto", "none", "required"])
    parser.add_argument(
        "--attach",
        action="append",
        default=[],
        metavar="FILE",
        dest="attached",
        help="send a text file or an image with the prompt; may be given several times",
    )
    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="launch profile (TOML) of the local servers: context_tokens, parallel, gpu_layers…",
    )
    parser.add_argument(
        "--class", dest="class_", metavar="NAME", help="class of the prompt, kept in the ledger"
    )
    parser.add_argument("--tag", action="append", default=[], metavar="K=V", dest="tags")
    parser.add_argument(
        "--allow-unverified", action="store_true", help="load weights that failed verification"
    )
