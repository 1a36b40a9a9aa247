skiff run --help
