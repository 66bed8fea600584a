"""Data sets: concepts and their phrases, shards of sounds and photos, captions, rendered states."""
