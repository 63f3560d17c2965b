"""Access claims: what each role and PUBLIC can do is what the contract declares and the migrations grant. Pure."""
