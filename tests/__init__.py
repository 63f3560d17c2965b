"""The suite's own tests, a folder per room of checks/."""
