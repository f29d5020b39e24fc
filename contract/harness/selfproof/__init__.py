"""The proof that every clause can fail: mutants and faults, and the clauses that noticed each."""
