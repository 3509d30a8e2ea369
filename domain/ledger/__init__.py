"""Facts and leases, as the ledger keeps them."""
