skiff --root
