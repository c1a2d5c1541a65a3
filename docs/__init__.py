"""The documentation: pages, and what makes the site of them (conf.py, reference.py)."""
