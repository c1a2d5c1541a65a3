"""The command lines of other programs: how to look at what fanfold shows, and how to write what it writes, by hand."""
