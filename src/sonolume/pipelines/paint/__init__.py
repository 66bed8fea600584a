"""Paint: sound and words become a picture."""
