"""What an expression decides, under three-valued logic."""
