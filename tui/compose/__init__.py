"""Making an index: drafts, plans, pushes, the journal. No screen in here; progress is told by callback."""
