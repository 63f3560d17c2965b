"""Claims about deployed Lambda functions."""
