"""The diffusion engine: a generator of sounds draws the sound again."""
