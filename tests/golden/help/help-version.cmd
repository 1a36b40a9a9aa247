skiff help version
