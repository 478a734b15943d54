"""The tutorial is done here as it is written, command by command, and every answer in bold comes."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

PAGE = ROOT / "docs/tutorial.md"
STEP = re.compile(r"^```(sh|yaml app\.yaml)\n(.*?)^```$|\*\*(.+?)\*\*", re.MULTILINE | re.DOTALL)


def test_the_tutorial_is_true(tmp_path: Path) -> None:
    """Its files are written, its commands are run in one shell, and what stands in bold is in what was printed before.

    `make demo` is left out, for it serves until it is told to stop.
    """
    (tmp_path / "var/tutorial").mkdir(parents=True)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} "$@"\n'
    (tmp_path / ".venv/bin/python").write_text(python, encoding="utf-8")
    (tmp_path / ".venv/bin/python").chmod(0o755)
    script, promised = [], []
    for language, block, bold in STEP.findall(PAGE.read_text(encoding="utf-8")):
        if language == "sh" and "make demo" not in block:
            script.append(block)
        elif language:
            script += [f"cat > var/tutorial/app.yaml <<'END'\n{block}END\n"] if "yaml" in language else []
        else:
            promised.append(bold)

    ran = subprocess.run(
        ["/bin/sh", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    said, at = ran.stdout, 0
    assert len(promised) >= 8
    for bold in promised:
        found = said.find(bold, at)
        assert found >= 0, (bold, said[at:], ran.stderr)
        at = found
