"""`python -m tui`, and what the `fanfold` command runs."""

import gc

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main() -> int:
    """Run the program with the arguments of the process; its exit status."""
    try:
        from tui import cli  # late: whoever presses Ctrl-C meanwhile gets no traceback either

        status = cli.main()
    except KeyboardInterrupt:
        return _INTERRUPTED
    # Before it ends the interpreter looks through everything that was imported for garbage: a sixth of the processor
    # time of a small check. The process gives all of it back anyway.
    gc.freeze()
    return status


if __name__ == "__main__":
    raise SystemExit(main())
