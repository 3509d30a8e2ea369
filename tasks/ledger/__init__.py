"""The ledger in blob storage: facts, head, lease, indexes."""
