skiff create --rm
