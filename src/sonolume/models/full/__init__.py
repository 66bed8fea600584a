"""The contracts of the room above, over networks of diffusers and transformers."""
