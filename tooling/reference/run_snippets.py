"""Runs the Python that the playground gives to take home.

    python run_snippets.py [FOLDER]

FOLDER is apps/playground/reports/taken-home by default, which `pnpm --filter @convbert/playground test` fills. A snippet's
first comments say how our 8-bit model becomes one that Python reads; the command that they name is the built one. Exit code 1
when a snippet fails or prints nothing.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ["node", str(ROOT / "packages/convbert/dist/cli.js")]
CONVERT = re.compile(r"^# then: convbert (convert \S+ (\S+) .*)$", re.MULTILINE)

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "apps/playground/reports/taken-home"
scripts = sorted(folder.glob("*.py"))
if not scripts:
    sys.exit(f"{folder} has no snippets: run the playground's tests first")
failed = 0
for script in scripts:
    text = script.read_text()
    prepared = CONVERT.search(text)
    if prepared and not (folder / prepared[2]).exists():
        subprocess.run([*COMMAND, *prepared[1].split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    ran = subprocess.run([sys.executable, script.name], cwd=folder, capture_output=True, text=True, env=offline)
    is_right = ran.returncode == 0 and ran.stdout.strip() != ""
    failed += not is_right
    print(f"{'ok    ' if is_right else 'FAILED'} {script.stem}: {(ran.stdout if is_right else ran.stderr).strip()[-300:]}")
sys.exit(1 if failed else 0)
