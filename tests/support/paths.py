"""Where things lie in a checkout."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests" / "providers" / "litellm_recorded"
SCHEMAS = ROOT / "tests" / "support" / "schemas"
