def documents(n, seed):
    return []
def look_alikes(n, seed):
    return []
