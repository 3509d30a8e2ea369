"""Azure ML: jobs, models, data, compute."""
