skiff --root /x --strict --timing version --help
