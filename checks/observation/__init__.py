"""What one target was asked, and what it answered."""
