skiff create --help | sed -n 1,9p
