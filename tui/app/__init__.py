"""The screen. The only package that imports Textual and Rich."""

import os

# Textual shows what changed at most so often a second, 60 times unless told before it is imported: a key would wait up
# to 17 ms for its turn after what an answer changed.
os.environ.setdefault("TEXTUAL_FPS", "120")
