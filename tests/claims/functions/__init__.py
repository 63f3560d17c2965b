"""Tests of checks/claims/functions: claims about deployed Lambdas."""
