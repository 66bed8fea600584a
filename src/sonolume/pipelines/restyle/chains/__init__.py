"""Chains of effects: which ones move a sound's cues as they should, and how far."""
