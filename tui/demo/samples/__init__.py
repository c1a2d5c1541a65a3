"""How the images of the gallery are made, a file for each group."""
