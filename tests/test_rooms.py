"""What serves people stays light: no torch, matplotlib or pandas in a visitor's kernel."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "torchvision", "matplotlib", "pandas", "scipy", "sklearn")


@pytest.mark.parametrize("module", ["strokes", "recogniser", "store", "dashboard.page"])
def test_serving_imports_nothing_heavy(module):
    code = f"import sys, digitlib.{module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
