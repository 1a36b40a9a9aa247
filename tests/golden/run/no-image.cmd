skiff run
