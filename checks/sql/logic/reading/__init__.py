"""From an expression's tree to a three-valued formula and its normal form."""
