"""How large each function's package is against its budget and against its sources, and whether a rebuild is the same.

`python -m benchmarks.packages [FUNCTION …]`
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from blueprint.functions import FUNCTIONS
from blueprint.limits import PACKAGE_BYTES
from blueprint.packages import Package, build
from rehearsal.engine import ROOT


def main() -> int:
    """Status 1: a package is over its budget or differs when it is built again."""
    print(f"{'package':<12} {'bytes':>9} {'of budget':>9} {'of sources':>10} {'files':>5}  rebuilt")
    sound = True
    for function in sys.argv[1:] or FUNCTIONS:
        module = f"lambdas.{function}.handler"
        package = build(ROOT, module)
        size = len(package.content)
        sources = sum((ROOT / name).stat().st_size for name in package.files)
        same = rebuilt(module, package) == package
        sound &= same and size <= PACKAGE_BYTES
        ratios = f"{size / PACKAGE_BYTES:>9.1%} {size / sources:>10.1%}"
        print(f"{function:<12} {size:>9,} {ratios} {len(package.files):>5}  {'identical' if same else 'DIFFERS'}")
    return not sound


def rebuilt(module: str, package: Package) -> Package:
    """The same package of another checkout: other place, times and modes."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for file in reversed(package.files):
            copied = root / file
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, copied)
            copied.chmod(0o600)
            os.utime(copied, (1, 1))
        return build(root, module)


if __name__ == "__main__":
    sys.exit(main())
