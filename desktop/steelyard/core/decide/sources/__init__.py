"""What the published frameworks say: presets, rules, questions, classes, readiness."""
