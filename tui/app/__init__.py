"""The screen. The only package that imports Textual and Rich."""

import os

# Textual shows what changed at most so often a second, 60 times unless told before it is imported: a key would wait up
# to two turns, 33 ms, after what an answer changed. How much is drawn, refresh.py says.
os.environ.setdefault("TEXTUAL_FPS", "500")
