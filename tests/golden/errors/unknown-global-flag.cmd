skiff --nosuch version
