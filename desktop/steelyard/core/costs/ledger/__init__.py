"""What was spent and saved, forecast, budget, and what the runs say of the workload."""
