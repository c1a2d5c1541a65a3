"""What the keys do, by theme. Each file is a mixin of the main screen."""
