"""`python -m tui`, and what the `fanfold` command runs."""

import gc

from tui import cli


def main() -> int:
    """Run the program with the arguments of the process; its exit status."""
    status = cli.main()
    # Before it ends the interpreter looks through everything that was imported for garbage: a sixth of the processor
    # time of a small check. The process gives all of it back anyway.
    gc.freeze()
    return status


if __name__ == "__main__":
    raise SystemExit(main())
