"""The user's consumers, and how an event is delivered to them."""
