"""Builds what simulated runs put into containers when a wheel is made or the project is installed.

`zig cc` comes as a wheel and compiles for every architecture from any machine, so that one wheel
serves amd64 and arm64 engines alike.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ("-Os", "-s", "-Wall", "-Wextra", "-Werror")


class NativeHelper(BuildHookInterface):  # type: ignore[misc]
    """Compiles each program for each architecture, unless the builds there are current."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build before files are collected.

        Raises:
            subprocess.CalledProcessError: the compiler refused.
        """
        native = _native(Path(self.root))
        build_data["artifacts"] += [
            f"/{native.FOLDER.relative_to(self.root)}/{name}"
            for name in (*(f"{each.name}-*" for each in native.PROGRAMS), "built.json")
        ]
        if native.is_current():
            return
        # Most of the time goes into each target's C library, which one processor compiles.
        with ThreadPoolExecutor() as pool:
            list(pool.map(partial(self._build, native), native.ARCHITECTURES))
        native.STAMP.write_text(json.dumps({"source": native.source_digest()}))

    def _build(self, native: ModuleType, architecture: str) -> None:
        for program in native.PROGRAMS:
            self.app.display_info(f"building {program.name} for {architecture}")
            target = f"{native.ARCHITECTURES[architecture]}-{program.system}"
            sources = (native.FOLDER / each for each in program.sources)
            subprocess.run(  # noqa: S603
                [
                    *(sys.executable, "-m", "ziglang", "cc", "-target", target),
                    *(*FLAGS, *program.flags, "-o", native.built(architecture, program)),
                    *(each for each in sources if each.suffix == ".c"),
                ],
                check=True,
            )


def _native(root: Path) -> ModuleType:
    """The module that knows where builds lie; the package itself cannot be imported yet."""
    path = root / "scanner" / "simulate" / "native" / "__init__.py"
    spec = importlib.util.spec_from_file_location("_native", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
