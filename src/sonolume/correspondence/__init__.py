"""How seeing maps to hearing: the change between two pictures, and where it should move a sound."""
