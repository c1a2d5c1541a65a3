"""Teaching: explanations, the pull rehearsal and lessons. No terminal and no HTTP in here."""
