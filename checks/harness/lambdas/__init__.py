"""A local AWS endpoint that runs deployed zips with AWS's own runtime client. `local_aws` is its face."""
