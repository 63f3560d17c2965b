"""(Expectation, Observation) -> Verdicts, a module an area. Pure."""
