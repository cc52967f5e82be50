"""One engine per home: who owns it, and how everybody else reaches it."""
