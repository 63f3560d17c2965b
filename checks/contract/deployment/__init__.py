"""What a deploy is beside migrations, as contract.toml declares it."""
