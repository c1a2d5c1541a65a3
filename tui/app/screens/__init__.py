"""Screens, a file each; the dialogs in one. What their keys do is in `tui.app.controllers`."""
