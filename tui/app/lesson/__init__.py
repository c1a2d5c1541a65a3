"""The teaching half of the screen: lessons in a side panel, the pull rehearsal, the four digests."""
