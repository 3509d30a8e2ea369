"""What a person configures: one typed Prefect block a file, each with one method that returns what it stands for."""
