"""One training loop and the stages that it runs."""
