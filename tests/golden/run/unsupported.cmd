skiff run --memory 1g busybox
