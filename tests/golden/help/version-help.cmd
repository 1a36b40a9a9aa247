skiff version --help
