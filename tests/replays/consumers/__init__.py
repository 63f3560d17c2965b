"""Tests of checks/replays/consumers: consumers driven, events read, deliveries interleaved."""
