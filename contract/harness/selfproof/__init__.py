"""The proof that every clause can fail: mutants, faults, and what each clause reported."""
