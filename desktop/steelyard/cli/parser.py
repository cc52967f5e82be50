"""Words and options of the command line, as the contract names them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn, get_args

from steelyard import __version__
from steelyard.core.base.errors import UsageError
from steelyard.core.values.fit import KvType
from steelyard.core.values.prompt import DEFAULT_MAX_TOKENS

if TYPE_CHECKING:
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
_WEIGHTS_HELP = "org/repo[:QUANT], org/repo/file.gguf, a hub address, a path, or a listed name"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Wrong usage becomes an error like any other, so that `--json` keeps its promise."""
        raise UsageError("Wrong usage", message, f"See `{self.prog} --help`.")


def build_parser() -> argparse.ArgumentParser:
    """The parser for everything behind `steelyard`."""
    parser = _Parser(
        prog="steelyard",
        description="Weigh local weights against an API. Without a command, the app opens.",
        epilog="Everywhere: --json (one JSON document on stdout), --home DIR (or STEELYARD_HOME).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"steelyard {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    _add_run(commands)
    _add_compare(commands)
    _add_targets(commands)
    _add_models(commands)
    _add_bench(commands)
    _add_serve(commands)
    _add_gateway(commands)
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
        return _stored_parser().parse_args(words[1:])
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


def _add_run(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    run = commands.add_parser("run", help="one prompt to one target", allow_abbrev=False)
    run.add_argument("target", metavar="TARGET", help="starter, a configured API, or a path to a GGUF file")
    run.add_argument("prompt", metavar="PROMPT", nargs="?", help="the prompt; - or nothing reads stdin")
    _add_prompt_options(run)


def _add_compare(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
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
    compare.add_argument("--repeat", type=_count(1, 1000), default=1, metavar="N")
    compare.add_argument("--warm-up", type=_count(0, 100), default=1, metavar="N")
    compare.add_argument(
        "--vars",
        metavar="FILE",
        help="table (CSV, TSV) whose rows fill the {variables} of the prompt; - reads stdin",
    )
    _add_prompt_options(compare)


def _stored_parser() -> _Parser:
    """What follows `compare` where it is about comparisons that are kept: they need no target."""
    parser = _Parser(prog="steelyard compare", allow_abbrev=False)
    parser.set_defaults(command="compare")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
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
    parser.add_argument("--limit", type=_count(1, 10_000), default=200, metavar="N")


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
    parser.add_argument("--max-tokens", type=_count(1, 1 << 24), default=DEFAULT_MAX_TOKENS, metavar="N")
    parser.add_argument("--temperature", type=_number(0, 10), metavar="T")
    parser.add_argument("--top-p", type=_number(0, 1), metavar="P")
    parser.add_argument("--seed", type=_count(0, (1 << 32) - 1), metavar="N")
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


def _add_targets(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    targets = commands.add_parser("targets", help="API targets: add, list, test, rm, key", allow_abbrev=False)
    actions = targets.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
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


def _add_models(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    models = commands.add_parser("models", help="weights: here and on the hub", allow_abbrev=False)
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    search = actions.add_parser("search", help="GGUF repositories on the hub", allow_abbrev=False)
    search.add_argument("query", metavar="QUERY", nargs="?", default="")
    search.add_argument("--limit", type=_count(1, 1000), default=20, metavar="N")
    search.add_argument("--sort", choices=["downloads", "likes", "updated"], default="downloads")
    files = actions.add_parser("files", help="the GGUF files of a repository", allow_abbrev=False)
    files.add_argument("repo", metavar="REPO")
    files.add_argument("--revision", metavar="R", help="branch, tag or commit")
    fit = actions.add_parser("fit", help="whether weights fit this machine", allow_abbrev=False)
    fit.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    fit.add_argument("--ctx", type=_count(1, 1 << 24), metavar="N", help="tokens that one request may use")
    fit.add_argument("--parallel", type=_count(1, 256), default=1, metavar="N", help="slots")
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


def _add_bench(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    bench = commands.add_parser("bench", help="the engine, and the way through Steelyard", allow_abbrev=False)
    bench.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    bench.add_argument("--parallel", default="1,2,4,8", metavar="N,N,…", help="requests at a time")
    bench.add_argument("--profile", metavar="FILE", help="launch profile (TOML)")
    tune = commands.add_parser("tune", help="find the best settings on this machine", allow_abbrev=False)
    tune.add_argument("name", metavar="WEIGHTS", help=_WEIGHTS_HELP)
    tune.add_argument(
        "--budget-s",
        type=_number(5, 86_400),
        metavar="N",
        help="seconds after which it ends with what it has",
    )
    tune.add_argument(
        "--no-quants", action="store_true", help="leave other quants of the model on disk alone"
    )


def _add_serve(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    serve = commands.add_parser(
        "serve", help="an OpenAI-compatible address on this machine, until Ctrl+C", allow_abbrev=False
    )
    serve.add_argument("names", metavar="WEIGHTS", nargs="+", help=_WEIGHTS_HELP)
    serve.add_argument("--profile", metavar="FILE", help="launch profile (TOML) of all of them")
    serve.add_argument("--port", type=_count(0, 65535), metavar="N", help="0 takes any that is free")


def _add_gateway(commands: argparse._SubParsersAction[_Parser]) -> None:  # pyright: ignore[reportPrivateUsage]
    gateway = commands.add_parser("gateway", help="who may use that address: keys", allow_abbrev=False)
    kinds = gateway.add_subparsers(dest="kind", metavar="WHAT", required=True, parser_class=_Parser)
    keys = kinds.add_parser("keys", help="a key for each client", allow_abbrev=False)
    actions = keys.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
    actions.add_parser("add", help="make a key; it is shown this once", allow_abbrev=False).add_argument(
        "name", metavar="NAME"
    )
    actions.add_parser("list", help="clients, and when they came last", allow_abbrev=False)
    actions.add_parser("revoke", help="let a client in no more", allow_abbrev=False).add_argument(
        "name", metavar="NAME"
    )


class _Bounded:
    """A number type for argparse that names its limits when it refuses."""

    def __init__(self, low: float, high: float, *, is_whole: bool) -> None:
        self._low = low
        self._high = high
        self._is_whole = is_whole

    def __call__(self, text: str) -> float | int:
        kind = "a whole number" if self._is_whole else "a number"
        try:
            value = int(text) if self._is_whole else float(text)
        except ValueError:
            value = None
        if value is None or not self._low <= value <= self._high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {kind} from {self._low:,} to {self._high:,}")
        return value


def _count(low: int, high: int) -> _Bounded:
    return _Bounded(low, high, is_whole=True)


def _number(low: float, high: float) -> _Bounded:
    return _Bounded(low, high, is_whole=False)
