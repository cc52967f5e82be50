"""Files that go with a prompt."""
