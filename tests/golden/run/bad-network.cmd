skiff run --rm --network nosuch busybox true
