skiff run -dp 80:80 busybox
