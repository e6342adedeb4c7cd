"""What the language host runs: `python -m pulumi.policy ENGINE policy_pack` ends here."""

from __future__ import annotations

import sys
from pathlib import Path

# The host puts this folder on the path; packages are named from the folder above.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy_pack.server import serve  # only now can it be found

serve()
