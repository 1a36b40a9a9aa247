skiff run --rm -v a:/data busybox true
