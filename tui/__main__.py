"""`python -m tui`, and what the `fanfold` command runs."""

from tui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
