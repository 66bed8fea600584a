"""Flow matching, guidance, conditioning schedules and samplers, over any denoiser."""
