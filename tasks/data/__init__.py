"""Raw data → registered data."""
