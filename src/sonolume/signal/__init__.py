"""What is done to waveforms before any network sees them."""
