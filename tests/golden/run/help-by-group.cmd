skiff container run --help | sed -n 1,8p
