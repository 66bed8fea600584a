"""Sounds become instruments, and instruments play scores. No networks here, and no torch."""
