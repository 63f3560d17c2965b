"""A name or URL -> an open Session: servers, and the two routes."""
