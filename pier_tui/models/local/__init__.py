"""Two real coder models on this machine: their pinned files, how they are fetched, and the servers that run them."""
