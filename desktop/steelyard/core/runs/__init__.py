"""The one path of a prompt: target, meter, energy, price, ledger."""
