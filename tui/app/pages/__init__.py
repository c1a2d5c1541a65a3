"""What the detail pane shows, as plain lines: no Textual in here, so a page is tested without a screen."""
