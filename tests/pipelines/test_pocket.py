"""What only the pocket size has: a light start."""

import subprocess
import sys

HEAVY = {"accelerate", "diffusers", "huggingface_hub", "scipy", "transformers"}


def test_painting_imports_no_heavy_library(tiny_pocket, tmp_path) -> None:
    code = f"""
import sys
import numpy as np
import sonolume

sound = sonolume.Audio(np.random.default_rng(0).standard_normal((1, 8000)), 16_000)
paint = sonolume.load("paint", model={str(tiny_pocket)!r})
paint(sound, "a beach", steps=2).save({str(tmp_path / "beach.png")!r})
print(*{{name.split(".")[0] for name in sys.modules}})
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"torch", "safetensors", "tokenizers"} <= loaded
    assert loaded & HEAVY == set()
    assert (tmp_path / "beach.png").exists()
