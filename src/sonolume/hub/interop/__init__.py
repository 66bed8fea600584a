"""Readers of other projects' checkpoints: published names and shapes in, our networks out."""
