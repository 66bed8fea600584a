"""Guide: diffusion steered by weighted words, sounds and pictures."""
