"""A local AWS endpoint that runs deployed zips in the real runtime client."""
