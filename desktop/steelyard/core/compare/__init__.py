"""One prompt to several targets: schedule, fairness, summary."""
