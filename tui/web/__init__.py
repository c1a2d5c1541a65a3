"""The screen in a browser: a web server that lets in whom it should, and one process of the screen for each page.

`textual-serve` starts the process and draws it with xterm.js. It has no login, no check of Host and Origin and no
bounds of its own; those are here: `gate` decides who comes in, `packets` what passes, `child` what is started, `server`
puts them together.
"""
