"""One actor per llama-server child; see DESIGN.md beside this file for the rules and their reasons."""
