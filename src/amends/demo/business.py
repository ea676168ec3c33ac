def write_business(chunk, path, kept): return 0
