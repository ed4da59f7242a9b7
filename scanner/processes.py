"""How the scanner starts Python processes of its own: they take no code from the working directory.

Says nothing of what they do.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.context import ForkServerContext


def process_context() -> ForkServerContext:
    """What processes are made with.

    Python starts the server of processes as `python -c`, which looks for modules in the working
    directory first. That is often a repository, and a file in it called `selectors.py` would decide
    what the scan of its image says.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    return multiprocessing.get_context("forkserver")
