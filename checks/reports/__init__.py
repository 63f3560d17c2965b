"""What a run came to, for whoever looks: terminal, evidence, a page, and the formats of other tools."""
