"""Events delivered to a real consumer: schedules, crashes, errors, races. `replay` is its face."""
