"""What the keys do: plain classes, one for each theme of the main screen, one for the draft, the plan, the push and the
dialogs. Each is given its screen and declares its actions (`tui.app.actions`).
"""
