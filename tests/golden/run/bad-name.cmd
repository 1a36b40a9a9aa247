skiff run --rm --name bad/name busybox true
