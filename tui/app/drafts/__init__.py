"""The writing half of the screen: drafts, plans, pushes. Each file says one thing; `tui.app.drafting` plugs it in."""
