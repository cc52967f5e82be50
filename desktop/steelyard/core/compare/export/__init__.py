"""A comparison as a file: Markdown, JSON, CSV, HTML."""
