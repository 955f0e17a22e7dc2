"""Run one command in a process that was forked with everything imported: ``runpy`` executes this file with a ``request``."""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any

request: dict[str, Any] = globals()["request"]  # script, arguments, cwd, environment, and the files out and err

os.chdir(request["cwd"])
os.environ.clear()
os.environ.update(request["environment"])
for descriptor, name in ((1, "out"), (2, "err")):
    os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT), descriptor)
sys.argv = [request["script"], *request["arguments"]]
runpy.run_path(request["script"], run_name="__main__")
