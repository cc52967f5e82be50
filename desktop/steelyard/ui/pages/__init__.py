"""One module a page; pages see `values`, `base` and the bridge."""
