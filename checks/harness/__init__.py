"""The machinery under the claims. Imports go up the floors only; see docs/design.md."""
