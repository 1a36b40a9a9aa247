skiff versoin
