"""Where the DSN of a given target comes from: its parts, AWS, and a forwarded port."""
