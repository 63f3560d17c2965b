"""Tests of what AWS and evidence files tell of a deploy, and of what is claimed of it."""
