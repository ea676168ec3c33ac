"""From events to the chain of the intrusion: accesses, what was done in them, and who stands behind them."""
