"""`steelyard`: without words the app, with words the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Entry point; returns the exit code."""
    from steelyard.cli.options import split_common

    common, words = split_common(sys.argv[1:])
    if words:
        from steelyard.cli.main import run_command_line

        return run_command_line(common, words)
    from steelyard.cli.open_app import open_app

    return open_app(common)


if __name__ == "__main__":
    sys.exit(main())
