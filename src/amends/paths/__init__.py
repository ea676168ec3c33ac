"""The ways from the internet to customer data, and the proof that they are closed."""
