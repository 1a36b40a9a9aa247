skiff run --name
