"""Understanding an image: the tree as data, live presence, findings, the verdict and the report. No terminal needed."""
