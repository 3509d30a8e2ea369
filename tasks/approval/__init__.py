"""Proofs of approvers, and the keys that check them."""
