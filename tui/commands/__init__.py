"""The commands of the command line, each in its own file, and what they share: arguments and output.

`run(options, settings)` of each gives its exit status. A command's file imports what the command needs; it is itself
imported only when that command is run, so `--help` costs nothing.
"""
