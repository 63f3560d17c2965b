"""Many targets of one contract: what they have in common is judged once."""
