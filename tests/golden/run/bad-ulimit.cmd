skiff run --rm --ulimit nofile=10:5 busybox true
