"""The price book: what vendors charge, on which day, and the prices that the user states."""
