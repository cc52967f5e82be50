"""What surrounds every page: rail, top bar, status strip, closing view."""
