"""Scores: reading, reshaping, writing, composing and drawing them."""
