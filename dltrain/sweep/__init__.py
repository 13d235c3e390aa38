"""Many runs at once: what to train, trained together in stacks, and what came out."""
