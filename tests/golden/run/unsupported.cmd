skiff run --sysctl net.core.somaxconn=1 busybox
