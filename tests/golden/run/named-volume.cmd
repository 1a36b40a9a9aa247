skiff run --rm -v data:/data busybox true
