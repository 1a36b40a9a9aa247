skiff run --pull never --name x --detach-keys a --sig-proxy=false --help | grep -A1 -E "name string|pull|keys|sig-proxy"
