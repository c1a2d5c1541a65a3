"""Understanding an image: asking and remembering, the tree as data, findings, the verdict and the report. No terminal
needed."""
