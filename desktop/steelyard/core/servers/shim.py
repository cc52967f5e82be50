"""Becomes another program that dies with its parent. Run as `python -I -S shim.py PARENT_PID PROGRAM ARGS…`.

A small exec step instead of `preexec_fn`, which can deadlock in a process that has threads.
"""

import os
import sys

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9


def main() -> None:
    """Set the death signal, forbid core dumps (they hold prompts), exec."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was set
            sys.exit(1)
    if os.name == "posix":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Python itself adds LC_CTYPE under a C locale (PEP 538); the child's environment is the planned one.
    environment = {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}
    try:
        os.execve(program, sys.argv[2:], environment)
    except OSError as exc:
        sys.exit(f"llama-server cannot be started: {exc.strerror}")


main()
