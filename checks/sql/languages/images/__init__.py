"""The texts which functions of text map into a language."""
