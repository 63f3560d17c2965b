"""Claims about deployed functions: what their role may do, what code they run."""
