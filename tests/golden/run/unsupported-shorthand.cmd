skiff run -dc 5 busybox
