def write_documents(chunk, evidence, tranche, kept): return 0
