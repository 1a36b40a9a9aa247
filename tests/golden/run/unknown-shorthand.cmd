skiff run -tx busybox
