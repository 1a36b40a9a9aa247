skiff run --rm --runtime nosuchruntime busybox true
