skiff run --rm -e
