"""What a run came to, as whoever looks gets it."""
