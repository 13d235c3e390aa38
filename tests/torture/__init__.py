"""Proofs of what dltrain promises, each in two sizes: every CI run, and before a release."""
