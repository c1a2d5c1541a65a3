"""Everything that is written: drafts, plans, pushes, copies, deletions, the journal. A front end uses `service.py`;
progress is told by callback."""
