skiff run --rm --memory 1g busybox true
