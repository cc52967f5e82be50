"""What stays: the ledger (SQLite), settings (TOML), keys (keyring)."""
