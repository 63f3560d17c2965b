"""Lambda replies: how they end, what they admit, and the corpus of lies. `outcome` is their face."""
