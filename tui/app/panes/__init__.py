"""What the panes show and how they are laid out: mixins of the main screen."""
