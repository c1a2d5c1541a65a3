"""What the gallery shows, a file for each group."""
