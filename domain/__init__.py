"""The rules: pure values and functions, without Azure, Prefect or the clock."""
