"""How good the models are: metrics, a judge, one evaluation per job, report pages."""
