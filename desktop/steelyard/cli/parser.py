"""Words and options of the command line, as the contract names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from steelyard import __version__
from steelyard.cli.cost_parser import add_costs, add_decide
from steelyard.cli.parsing import Parser, count, number
from steelyard.cli.prompt_parser import STORED_WORDS, add_compare, add_run, stored_parser
from steelyard.core.values.fit import KvType

if TYPE_CHECKING:
    import argparse

_WEIGHTS_HELP = "org/repo[:QUANT], org/repo/file.gguf, a hub address, a path, or a listed name"


def build_parser() -> argparse.ArgumentParser:
    """The parser for everything behind `steelyard`."""
    parser = Parser(
        prog="steelyard",
        description="Weigh local weights against an API. Without a command, the app opens.",
        epilog="Everywhere: --json (one JSON document on stdout), --home DIR (or STEELYARD_HOME).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"steelyard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    add_run(commands)
    add_compare(commands)
    _add_targets(commands)
    _add_models(commands)
    _add_bench(commands)
    _add_serve(commands)
    _add_gateway(commands)
    add_costs(commands)
    add_decide(commands)
    commands.add_parser("ps", help="servers that run, and who owns them", allow_abbrev=False)
    commands.add_parser(
        "doctor", help="what this installation is made of, and what is wrong", allow_abbrev=False
    )
    return parser


def parse_words(words: list[str]) -> argparse.Namespace:
    """The words of one command line.

    Raises:
        UsageError: they are no command.
    """
    if words[:1] == ["compare"] and words[1:2] and words[1] in STORED_WORDS:
        return stored_parser().parse_args(words[1:])
    parser = build_parser()
    parsed, rest = parser.parse_known_args(words)
    if parsed.command == "run" and parsed.prompt is None:
        parsed.prompt, rest = _late_prompt(rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return parsed


def _late_prompt(rest: list[str]) -> tuple[str, list[str]]:
    """The prompt behind the options: argparse takes an optional word for absent once an option comes."""
    is_literal = rest[:1] == ["--"]
    words = rest[1:] if is_literal else rest
    if len(words) == 1 and (is_literal or words[0] == "-" or not words[0].startswith("-")):
        return words[0], []
    return "-", rest


def _add_targets(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    targets = commands.add_parser("targets", help="API targets: add, list, test, rm, key", allow_abbrev=False)
    actions = targets.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    add = actions.add_parser("add", help="store an API target", allow_abbrev=False)
    add.add_argument("name", metavar="NAME")
    add.add_argument("--url", required=True, help="base URL, such as https://api.example.com/v1")
    add.add_argument("--model", required=True, metavar="ID")
    add.add_argument("--format", required=True, choices=["openai", "anthropic"])
    add.add_argument(
        "--key-env", metavar="VAR", help="environment variable that holds the key; read at each use"
    )
    add.add_argument("--price-in", metavar="USD", help="per million input tokens")
    add.add_argument("--price-out", metavar="USD", help="per million output tokens")
    add.add_argument("--price-cached", metavar="USD", help="per million cached input tokens")
    add.add_argument("--price-cache-write", metavar="USD", help="per million tokens written to the cache")
    add.add_argument("--price-like", metavar="PROVIDER/MODEL", help="prices of this model in the price book")
    actions.add_parser("list", help="all configured APIs", allow_abbrev=False)
    for name, words in (
        ("test", "send one tiny prompt"),
        ("rm", "forget a target and its key"),
        ("key", "read a key from stdin into the keyring"),
    ):
        actions.add_parser(name, help=words, allow_abbrev=False).add_argument("name", metavar="NAME")


def _add_models(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    models = commands.add_parser("models", help="weights: here and on the hub", allow_abbrev=False)
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    search = actions.add_parser("search", help="GGUF repositories on the hub", allow_abbrev=False)
    search.add_argument("query", metavar="QUERY", nargs="?", default="")
    search.add_argument("--limit", type=count(1, 1000), default=20, metavar="N")
    search.add_argument("--sort", choices=["downloads", "likes", "updated"], default="downloads")
    files = actions.add_parser("files", help="the GGUF files of a repository", allow_abbrev=False)
    files.add_argument("repo", metavar="REPO")
    files.add_argument("--revision", metavar="R", help="branch, tag or commit")
    fit = actions.add_parser("fit", help="whether weights fit this machine", allow_abbrev=False)
    fit.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    fit.add_argument("--ctx", type=count(1, 1 << 24), metavar="N", help="tokens that one request may use")
    fit.add_argument("--parallel", type=count(1, 256), default=1, metavar="N", help="slots")
    fit.add_argument("--kv-type", choices=get_args(KvType), default="f16")
    pull = actions.add_parser("pull", help="download, check and adopt", allow_abbrev=False)
    pull.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    listing = actions.add_parser("list", help="all weights on this machine", allow_abbrev=False)
    listing.add_argument("paths", metavar="PATH", nargs="*", help="more GGUF files or folders to look into")
    verify = actions.add_parser("verify", help="hash files and compare", allow_abbrev=False)
    verify.add_argument("names", metavar="NAME", nargs="*")
    verify.add_argument("--all", action="store_true", dest="is_all")
    adding = actions.add_parser("import", help="remember a GGUF file or folder", allow_abbrev=False)
    adding.add_argument("path", metavar="PATH")
    removing = actions.add_parser("rm", help="delete a download, or forget a file", allow_abbrev=False)
    removing.add_argument("name", metavar="NAME")


def _add_bench(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    bench = commands.add_parser("bench", help="the engine, and the way through Steelyard", allow_abbrev=False)
    bench.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    bench.add_argument("--parallel", default="1,2,4,8", metavar="N,N,…", help="requests at a time")
    bench.add_argument("--profile", metavar="FILE", help="launch profile (TOML)")
    tune = commands.add_parser("tune", help="find the best settings on this machine", allow_abbrev=False)
    tune.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    tune.add_argument(
        "--budget-s",
        type=number(5, 86_400),
        metavar="N",
        help="seconds after which it ends with what it has",
    )
    tune.add_argument(
        "--no-quants", action="store_true", help="leave other quants of the model on disk alone"
    )


def _add_serve(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    serve = commands.add_parser(
        "serve", help="an OpenAI-compatible address on this machine, until Ctrl+C", allow_abbrev=False
    )
    serve.add_argument("names", metavar="WEIGHTS", nargs="+", help=_WEIGHTS_HELP)
    serve.add_argument("--profile", metavar="FILE", help="launch profile (TOML) of all of them")
    serve.add_argument("--port", type=count(0, 65535), metavar="N", help="0 takes any that is free")


def _add_gateway(commands: argparse._SubParsersAction[Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    gateway = commands.add_parser("gateway", help="who may use that address: keys", allow_abbrev=False)
    kinds = gateway.add_subparsers(dest="kind", metavar="WHAT", required=True, parser_class=Parser)
    keys = kinds.add_parser("keys", help="a key for each client", allow_abbrev=False)
    actions = keys.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    actions.add_parser("add", help="make a key; it is shown this once", allow_abbrev=False).add_argument(
        "name", metavar="NAME"
    )
    actions.add_parser("list", help="clients, and when they came last", allow_abbrev=False)
    actions.add_parser("revoke", help="let a client in no more", allow_abbrev=False).add_argument(
        "name", metavar="NAME"
    )
