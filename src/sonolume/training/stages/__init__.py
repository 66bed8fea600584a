"""The stages: one small file for each thing that is trained."""
