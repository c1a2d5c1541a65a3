"""What is said when fanfold itself is at fault: which kind of error, and where in our files. Never values, nor the
error's own text: either may hold what a registry or its user would keep to themselves."""

from __future__ import annotations

import traceback
from pathlib import Path

#: The exit status of such an end, as sysexits.h has it for internal errors: none that means something of an image.
CRASHED = 70
_ROOM = Path(__file__).parent.parent
_FRAMES = 8


def crash_text(error: BaseException) -> str:
    """Lines for stderr."""
    places = []
    for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]:
        file = Path(frame.filename)
        name = file.relative_to(_ROOM).as_posix() if file.is_relative_to(_ROOM) else file.name
        places.append(f"  {name.rpartition('site-packages/')[2]}:{frame.lineno} in {frame.name}")
    where = "\n".join(["Where, innermost last:", *places]) if places else "Location unknown."
    return f"fanfold: Internal error ({type(error).__name__}). Please report it.\n{where}"
