"""Describe: keywords and captions for sounds and pictures."""
