"""What should be there: the migrations replayed, the lock, and how the target differs."""
