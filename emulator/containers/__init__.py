"""Container groups that really run: images started as processes or by a Docker engine, answering at an address of their own."""
