"""Restyle: a sound changes its style the way a picture changed."""
