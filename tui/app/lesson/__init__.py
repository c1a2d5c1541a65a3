"""What a lesson on the screen needs: the one that is read, its sandbox, the pull rehearsal. The keys are in
`tui.app.controllers.lessons`."""
