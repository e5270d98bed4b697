"""Real servers, real clients and the real binary, each in a temporary folder and on ports of its own."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # what all tests share
