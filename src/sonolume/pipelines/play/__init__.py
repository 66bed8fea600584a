"""Play: a picture's sounds become instruments, and the instruments play a score."""
